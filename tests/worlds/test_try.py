import random, time, collections
from hypothesis import strategies as st, given, settings, seed, Phase, HealthCheck
from worlds.play import Secret
from worlds.steps import stories
from worlds.lab import CALLERS

def test_try(lab):
    import os
    secret = Secret(os.environ["SECRET"])
    n = int(os.environ.get("N", "5"))
    seen = collections.Counter(); example = {}
    start = time.time(); spent=[]; import cProfile; pr=cProfile.Profile()
    @seed(int(os.environ.get("SEED","1")))
    @settings(max_examples=n, deadline=None, database=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(CALLERS[secret]), stories(secret))
    def go(who, story):
        t=time.process_time()
        found = lab.compare(secret, *who, story)
        spent.append(time.process_time()-t)
        c=lab.owner.cursor(); c.execute("select count(*), count(*) filter (where open_shared_a=0), (select count(*) from identifiers), (select count(*) from disclosures) from case_overlaps"); print(who[0], len(story), c.fetchone(), len(found), flush=True)
        for path, a, b in found:
            import re
            k=re.sub(r"<[^>]*>","<>",path)
            seen[k]+=1
            example.setdefault(k,(who,a,b,story))
    go()
    print("stories", lab.stories, "comparisons", lab.comparisons, "ops", len(lab.operations), "s", sum(spent)/len(spent))
    for k,v in seen.most_common(40):
        who,a,b,story=example[k]
        print("=====",v,k,who); print("A:",a); print("B:",b)
    if os.environ.get("STORY"):
        for k in list(example)[:1]: print(*example[k][3],sep="\n")
