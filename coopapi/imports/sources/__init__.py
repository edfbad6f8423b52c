"""Files of other systems that are turned into lines for imports: reports of the CyberTipline, and hash lists of Project VIC."""
