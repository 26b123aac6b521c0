"""Programs around a model's C: what they print, and what object files hold."""

import re
import subprocess

import numpy as np
from deploy.models import N_CLASSES, N_FEATURES

MAIN = """
#include <stdio.h>
#include "{name}.h"
static {name}_state state;
static {word} memory[{memory}], x[{size}];
static {answer} y[{outputs}];
int main(void)
{{
    for (int n = 0; n < {count}; ++n) {{
        {read}
        printf("%d", {call});
        for (int i = 0; i < {outputs}; ++i)
            printf(" %.9g", (double)y[i]);
        printf("\\n");
    }}
    return 0;
}}
"""
READ = """if (fread({into}, sizeof {into}, 1, stdin) != 1)
            return 1;"""


def program(folder, x, name, call, memory=1, word="float", answer="float", features=False):
    """Write a program that reads sequences from its input and prints what a model answers to each.

    With `features` it reads one step of floats into `features`.
    """
    n, steps, width = x.shape
    read = READ.format(into="features" if features else "x")
    text = MAIN.format(name=name, memory=memory, size=steps * width, outputs=N_CLASSES, count=n, call=call, word=word,
                       answer=answer, read=read)  # fmt: skip
    floats = f"static float features[{N_FEATURES}];\nint main" if features else "int main"
    (folder / f"main_{name}.c").write_text(text.replace("int main", floats))


def printed(folder, binary, x):
    """Run a program on sequences; return the numbers that it prints, a row for each."""
    done = subprocess.run([f"./{binary}"], cwd=folder, input=x.tobytes(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return np.array([line.split() for line in done.stdout.decode().splitlines()], float)


def sizes(folder, file, pattern, kinds):
    """Return the bytes of an object file's symbols of some names and kinds."""
    text = subprocess.run(["nm", "-S", file], cwd=folder, capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in text.splitlines() if len(line.split()) == 4]
    return {name: int(size, 16) for _, size, kind, name in rows if re.match(pattern, name) and kind in kinds}
