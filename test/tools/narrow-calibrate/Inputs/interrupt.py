"""interrupt.py TABLE COMMAND…: ends COMMAND -o TABLE as soon as it has saved its
state, once with each signal."""
import glob
import json
import os
import signal
import subprocess
import sys
import time

table, command = sys.argv[1], sys.argv[2:] + ["-o", sys.argv[1]]
with open(table, "w") as file:
    file.write("old")
for number in (signal.SIGKILL, signal.SIGINT, signal.SIGTERM):
    if os.path.exists(table + ".part"):
        os.remove(table + ".part")
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    while not os.path.exists(table + ".part") and process.poll() is None:
        time.sleep(0.002)
    process.send_signal(number)
    code = process.wait()
    ended = signal.Signals(-code).name if code < 0 else f"code {code}"
    try:
        json.load(open(table + ".part"))
        state = "state"
    except (OSError, ValueError) as error:
        state = f"no state: {error}"
    if number == signal.SIGKILL:  # Nobody could remove it.
        for left in glob.glob(table + "*.tmp"):
            os.remove(left)
    print(f"{number.name}: ended by {ended}, {open(table).read()} table, {state}")
