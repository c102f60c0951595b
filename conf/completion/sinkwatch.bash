# sinkwatch.bash - completion of the sinkwatch command for bash.
#
# Sub-commands and options come from the --help of the command that is installed. Names of lists and
# feeds are asked of Redis with the options that are already on the line; without Redis there are none.
# Redis may hold any name: one with characters that a shell understands is not offered.

_sinkwatch_words() { # _sinkwatch_words WORDS: offer the matching words; not by compgen -W, which expands
    local word words
    mapfile -t words <<<"${1// /$'\n'}"
    COMPREPLY=()
    for word in "${words[@]}"; do
        [[ -z $word || $word != "$cur"* ]] || COMPREPLY+=("$word")
    done
}

# filenames: bash quotes special characters in the name of a file.
_sinkwatch_files() {
    compopt -o filenames 2>/dev/null # fails outside a completion
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}

_sinkwatch_ask() { # _sinkwatch_ask WORDS: JSON with the Redis of the line
    local i where=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -c | --config | --socket | --host | --port) where+=("${COMP_WORDS[i]}" "${COMP_WORDS[i + 1]}") ;;
        esac
    done
    timeout 2 sinkwatch "${where[@]}" --json "$@" 2>/dev/null
}

_sinkwatch_lists() { _sinkwatch_ask list | sed -n 's/.*"name":"\([[:alnum:]._-]*\)".*/\1/p'; }

_sinkwatch_feeds() { _sinkwatch_ask feed list | sed -n 's/^{"feed":"\([[:alnum:]._-]*\)".*/\1/p'; }

# The help of a sub-command: names of sub-commands; options, each followed by the kind of the value
# where the next word of the line is the value, such as --file=FILE.
_sinkwatch_read() { # _sinkwatch_read [COMMAND [SUB-COMMAND]]
    local help
    help=$(sinkwatch "$@" --help 2>/dev/null |
        sed 's/^ *\(-., \)\{0,1\}\(--[a-z-]*\), \(--[a-z-]*\)\( .*\)/  \1\2\4\n  \3\4/') # two names of an option: two lines
    commands=$(sed -n '/^Sub-commands:/,/^$/s/^  \([a-z-]*\)  .*/\1/p' <<<"$help")
    options=$(sed -n 's/^ *\(-., \)\{0,1\}\(--[a-z0-9-]*\(=[^ ]*\)\{0,1\}\).*/\2/p' <<<"$help"
        sed -n 's/^ *\(-.\), --[a-z0-9-]*\(=[^ ]*\)\{0,1\} .*/\1\2/p' <<<"$help")
}

# The kind of the value of an option, or nothing: FILE for --file.
_sinkwatch_value() {
    local option
    while IFS= read -r option; do
        [[ $option != "$1="* ]] || printf '%s\n' "${option#*=}"
    done <<<"$options"
}

# The sub-command on the line, in one or two words, and the number of words after it.
_sinkwatch_command() {
    local i word
    command='' after=0
    _sinkwatch_read
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
        -*) # bash makes three words of --option=value
            if [ "${COMP_WORDS[i + 1]}" = = ]; then
                i=$((i + 2))
            elif [ -n "$(_sinkwatch_value "$word")" ]; then
                i=$((i + 1))
            fi
            ;;
        *)
            if [ "$after" = 0 ] && grep -qxF -e "$word" <<<"$commands"; then
                command="${command:+$command }$word"
                # shellcheck disable=SC2086
                _sinkwatch_read $command
            else
                after=$((after + 1))
            fi
            ;;
        esac
    done
}

# The values of an option that has a fixed choice.
_sinkwatch_choice() {
    case $prev in
    --kind) echo "ioc allow watch protected known" ;;
    --action) echo "passthru monitor nxdomain nodata refused drop tcp-only sinkhole cname" ;;
    --format)
        case $command in
        export) echo "plain hosts rpz csv json adblock dnsmasq misp stix" ;;
        metrics) echo "openmetrics prometheus" ;;
        *) echo "auto plain hosts rpz csv json adblock dnsmasq unbound misp stix maltrail suricata cof" ;;
        esac
        ;;
    --stale) echo "keep shadow drop" ;;
    --scope) echo "exact below both" ;;
    --trigger) echo "client qname cname address asn nsdname nsip" ;;
    --ede) echo "auto off" ;;
    esac
}

_sinkwatch() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    local command after commands options choice
    COMPREPLY=()
    if [ "$cur" = = ]; then # --option=
        cur=''
    elif [ "$prev" = = ]; then # --option=va
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    _sinkwatch_command
    choice=$(_sinkwatch_choice)
    case $prev:$(_sinkwatch_value "$prev") in
    --list:*) _sinkwatch_words "$(_sinkwatch_lists)"; return ;;
    -*:FILE | -*:PATH | -*:DIR | -*:FOLDER) _sinkwatch_files; return ;;
    -*:?*) _sinkwatch_words "$choice"; return ;;
    esac
    if [[ $cur == -* ]]; then
        _sinkwatch_words "$(sed -n 's/^\(--[^=[]*\).*/\1/p' <<<"$options")"
        return
    fi
    if [ "$after" = 0 ] && [ -n "$commands" ]; then
        _sinkwatch_words "$commands"
        return
    fi
    case $command:$after in
    list\ *:0 | add:0 | remove:0 | import:0 | export:0 | rollback:0) _sinkwatch_words "$(_sinkwatch_lists)" ;;
    feed\ add:*) ;;
    feed\ *:0) _sinkwatch_words "$(_sinkwatch_feeds)" ;;
    help:*) _sinkwatch_help "$after" ;;
    import:1 | checkconf:0 | hunt:* | memory\ import:0) _sinkwatch_files ;;
    esac
}

# Words after "help": a sub-command, and the sub-command of a sub-command.
_sinkwatch_help() {
    if [ "$1" = 0 ]; then
        _sinkwatch_read
    else
        _sinkwatch_read "$prev"
    fi
    _sinkwatch_words "$commands"
}

complete -F _sinkwatch sinkwatch
