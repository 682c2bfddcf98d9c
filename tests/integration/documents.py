"""What documents show: each fenced block has a language, and what can be run is run.

documents.py FOLDER FILE...   writes the blocks of the files that are to be run into FOLDER: NAME.NUMBER.sh (commands), .c (programs),
                              .part.c (pieces of programs, within a function), .sql; prints what is wrong, a line each
A translation (NAME.pt-BR.md) has the commands of its original, comments apart; they are not run again.
A block that is not run says why in a comment above it: <!-- not run: WHY -->. WHY begins with one of REASONS; a path in it must exist.
"""
import os
import re
import sys

LANGUAGES = {"sh", "c", "sql", "text", "conf"}
REASONS = ("needs real AWS", "needs Docker", "needs systemd", "run by ", "for reading")
PART = """#include <stdio.h>
#include <tickerimport.h>
void piece(ticker_source *source, ticker_store *store, ticker_query *query, ticker_error *error, const char *path, ticker_status status,
           ticker_write write_out);
void piece(ticker_source *source, ticker_store *store, ticker_query *query, ticker_error *error, const char *path, ticker_status status,
           ticker_write write_out)
{
    (void)source; (void)store; (void)query; (void)error; (void)path; (void)status; (void)write_out;
    {
%s
    }
}
"""


def blocks(path):
    """Language, line, text and the comment above of each fenced block."""
    language, comment, lines, start = None, "", [], 0
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            fence = re.match(r"\s*```(.*)$", line)
            if fence and language is None:
                language, start, lines = fence[1].strip(), number, []
            elif fence:
                yield language, start, "".join(lines), comment
                language, comment = None, ""
            elif language is not None:
                lines.append(line)
            elif line.strip():
                found = re.match(r"<!-- not run: (.*) -->$", line.strip())
                comment = found[1] if found else ""
    if language is not None:
        raise SystemExit(f"{path}:{start}: a block has no end")


def commands(path):
    """What the blocks of commands of a file do, whatever their comments say."""
    return [re.sub(r"\s+#\s.*", "", text, flags=re.M).strip() for language, _, text, _ in blocks(path) if language in ("sh", "c")]


def main():
    folder, problems, count = sys.argv[1], [], 0
    for path in sys.argv[2:]:
        if path.endswith(".pt-BR.md"):
            if commands(path) != commands(path.replace(".pt-BR.md", ".md")):
                problems.append(f"{path}: its commands are not those of the original")
            continue
        name = re.sub(r"[^A-Za-z0-9]+", "_", os.path.relpath(path, os.environ["TICKER_SOURCE"]))
        for language, line, text, comment in blocks(path):
            where = f"{path}:{line}"
            if language not in LANGUAGES:
                problems.append(f"{where}: a block in the language {language!r}")
            if comment:
                if not comment.startswith(REASONS):
                    problems.append(f"{where}: no reason not to run it: {comment}")
                for named in re.findall(r"[a-z]+/[A-Za-z0-9_./-]+", comment):
                    if not os.path.exists(os.path.join(os.environ["TICKER_SOURCE"], named)):
                        problems.append(f"{where}: {named} does not exist")
                continue
            if language not in ("sh", "c", "sql"):
                continue
            kind = language if language != "c" or "int main" in text else "part.c"
            with open(f"{folder}/{name}.{line:04}.{kind}", "w", encoding="utf-8") as out:
                out.write(PART % text if kind == "part.c" else text)
            count += 1
    print("\n".join(problems + [f"{count} blocks, {len(problems)} problems"]))
    return 1 if problems else 0


sys.exit(main())
