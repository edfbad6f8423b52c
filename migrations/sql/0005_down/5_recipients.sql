drop function priv.tell_recipients(uuid, text, text);
