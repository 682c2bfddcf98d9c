#!/usr/bin/env bash
# The completion scripts: every command and flag is in them, and bash's works.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

for shell in bash zsh fish; do
    expect 0 completion "$shell"
    cp out "script.$shell"
    [ ! -s err ] || fail "words on standard error"
done
bash -n script.bash || fail "bash does not take its script"
! command -v zsh >/dev/null || zsh -n script.zsh || fail "zsh does not take its script"
! command -v fish >/dev/null || fish -n script.fish || fail "fish does not take its script"

commands=$(cli help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
for command in $commands; do
    for flag in $(cli help "$command" | grep -oE '^  (-., )?--[a-z0-9-]+' | grep -oE '[a-z][a-z0-9-]+$'); do
        grep -qE -- "--$flag\b" script.bash || fail "bash: $command --$flag"
        grep -qE -- "--$flag\b" script.zsh || fail "zsh: $command --$flag"
        grep -qE -- "-l $flag\b" script.fish || fail "fish: $command --$flag"
    done
done

# shellcheck source=/dev/null
. ./script.bash
# WORD... : what is offered for the last one
offered() {
    COMP_WORDS=(ticker-cli "$@")
    COMP_CWORD=$#
    _ticker_cli 2>/dev/null
    printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' '
}
is "$(offered imp)" "import imports "
is "$(offered --quiet ins)" "inspect "
is "$(offered --config x db mi)" "migrate "
is "$(offered import --jo)" "--jobs "
is "$(offered import --on-error '')" "reject skip "
is "$(offered import --progress a)" "always auto "
is "$(offered import --on-error = re)" "reject "
is "$(offered quotes PETR4 --format n)" "ndjson "
is "$(offered quotes PETR4 --interval '')" "1d 1mo 1w "
is "$(offered imports --status f)" "failed "
is "$(offered completion '')" "bash fish zsh "
is "$(offered help insp)" "inspect "
touch "a file.txt" another.txt
is "$(offered import a)" "a file.txt another.txt "
is "$(offered import --config an)" "another.txt "
echo "completion"
