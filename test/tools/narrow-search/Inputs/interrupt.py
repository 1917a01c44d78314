"""interrupt.py SEARCH PART: the file as a search leaves it that was interrupted."""
import json
import sys

state = json.load(open(sys.argv[1]))
for layer in list(state["sensitivity"])[4:]:
    del state["sensitivity"][layer]
del state["candidates"][1:]
json.dump(state, open(sys.argv[2], "w"))
