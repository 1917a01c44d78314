"""edit-table.py TABLE FOLDER: writes damaged forms of the table to the folder."""
import copy
import json
import sys

table = json.load(open(sys.argv[1]))


def write(name, edit):
    damaged = copy.deepcopy(table)
    edit(damaged)
    with open(f"{sys.argv[2]}/{name}.json", "w") as file:
        json.dump(damaged, file)


write("fewer", lambda t: t["tensors"].pop(0))
write("twice", lambda t: t["tensors"].append(t["tensors"][0]))
write("renamed", lambda t: t["tensors"][0].update(id="bogus"))
write("more", lambda t: t["tensors"].append(dict(t["tensors"][0], id="bogus")))
write("reshaped", lambda t: t["tensors"][0].update(shape=[32]))
write("version", lambda t: t.update(version=99))
write("none", lambda t: t.update(samples=0))
