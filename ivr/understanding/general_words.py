"""Words that may be said of anything: they name no matter, however rare in a flow's examples.

Pronouns, auxiliaries, negation, time, questions, politeness. Of Chinese single characters, and only
such as are seldom part of a name: 经 of 已经 is also that of 经理, and is not here.
"""

_ENGLISH = """
a an the this that these those there here i you he she it we they me him her us them my your his
its our their am is are was were be been being have has had do does did don't not no yes will would
can could may might should shall want need like get got please hello thanks what when where which
who why how and or but if so to of in on at for from by with about as any some just only still yet
already now
"""
_CHINESE = """
我你您他她它们这那个谁什么怎哪里多少几为的地得了着过吗呢吧啊是有没不还也都就才再又很太已在到和跟与对把被给从
要想请能可以会让
"""

GENERAL_WORDS = frozenset([*_ENGLISH.split(), *"".join(_CHINESE.split())])
