# sinkwatch.bash - completion of the sinkwatch command for bash.
#
# Names of lists are asked of Redis with the options that are already on the line; without Redis
# there are none.

_sinkwatch_words() { # _sinkwatch_words WORDS: offer the matching words
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
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

_sinkwatch_lists() { _sinkwatch_ask list | sed -n 's/.*"name":"\([^"]*\)".*/\1/p'; }

_sinkwatch_feeds() { _sinkwatch_ask feed list | sed -n 's/^{"feed":"\([^"]*\)".*/\1/p'; }

# Options of a sub-command, without the global options.
_sinkwatch_options() {
    case $1 in
    "list show") echo "--limit" ;;
    "list set")
        echo "--kind --action --priority --shadow --no-shadow --observe --no-observe --sinkhole4" \
            "--sinkhole6 --cname --record --ttl --lifetime --ede --owner --owners --ns-owners --baseline-days --baseline-count --flux-hours --flux-as-min --flux-as-percent --note --group --trigger --justification --sub-error --wait"
        ;;
    "list drop") echo "--yes --lost --wait" ;;
    add) echo "--facts --expires --for --allow-suffix --wait" ;;
    remove) echo "--as-written --wait" ;;
    import)
        echo "--format --scope --columns --origin --refang --only --no-facts --replace --dry-run --whole --max-shrink" \
            "--max-growth --allow-suffix --allow-own --allow-top --top-file --top --show-refused --preview --max-touched --wait"
        ;;
    export) echo "--format --output --action --narrow --origin --serial --show-refused" ;;
    "feed add")
        echo "--every --list --stale-after --stale --max-size --timeout --user --password-file --token-file" \
            "--header-file --ca-file --cert-file --key-file --proxy --proxy-password-file --tsig-file --tls-name --tls-pin --format --scope" \
            "--columns --origin --refang --only --no-facts --whole --max-shrink --max-growth --allow-suffix" \
            "--allow-own --allow-top --top-file --top --search"
        ;;
    "feed run") echo "--files --now --daemon --jobs --lease --listen" ;;
    "feed log") echo "--number --follow" ;;
    rollback) echo "--wait" ;;
    setup) echo "--check --print" ;;
    report) echo "--output --since --until --list --name --max --memory-folder" ;;
    check) echo "--file" ;;
    pivot) echo "--hops --max --memory-folder --fleet --no-memory" ;;
    memory)
        echo "--folder --fleet --wait --from --database --user --password-file --ca-file --type --since --until" \
            "--limit --cof"
        ;;
    "memory export") echo "--folder --type --since --until --limit" ;;
    "memory import") echo "--folder --show-refused" ;;
    "memory forget") echo "--folder --before" ;;
    "memory send") echo "--folder --to --source --print-schema --database --user --password-file --ca-file" ;;
    "memory status") echo "--folder" ;;
    hunt) echo "--folder --since --until" ;;
    sweep)
        echo "--list --match --file --forward --resolv-conf --root-hints --trust-anchor --no-dnssec" \
            "--rate --in-flight --timeout --retries --threads --state --observer --rows --indicators-only" \
            "--ptr --memory-folder --events"
        ;;
    notify) echo "--file --check --test --once" ;;
    events | anomalies) echo "--number --follow --after --ids --type --list --severity-min" ;;
    top) echo "--number --once --batch --rows --view --filter" ;;
    metrics) echo "--textfile --format" ;;
    web) echo "--listen --token-file --tls-cert --tls-key --user-header --proxy --host-name --hide-clients --allow-changes" ;;
    doctor) echo "--unbound --unbound-conf --unit --canary --resolver --system-root" ;;
    esac
}

# The sub-command on the line, in one or two words, and the number of these words.
_sinkwatch_command() {
    local i word
    command='' after=0
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
        -c | --config | --socket | --host | --port | -n | -f | --number | --after | --type | --severity-min | --facts | --expires | --for | --limit | --format | \
            --kind | --action | --priority | --sinkhole4 | --sinkhole6 | --cname | --record | --ttl | --lifetime | --ede | \
            --owner | --owners | --ns-owners | --baseline-days | --baseline-count | --flux-hours | --flux-as-min | --flux-as-percent | --note | --group | --trigger | --justification | --sub-error | --list | --match | --file | --forward | --root-hints | --trust-anchor | \
            --rate | --in-flight | --timeout | --retries | --threads | --state | --observer | --hops | --max | \
            --output | --since | --until | --before | --folder | --type | --unbound | --unbound-conf | --unit | --canary | --resolver | --system-root | --textfile | --allow-suffix | --max-shrink | --max-growth | \
            --every | --stale-after | --stale | --max-size | --user | --password-file | --token-file | --header-file | --ca-file | \
            --tls-cert | --tls-key | --user-header | --host-name | --cert-file | --key-file | --proxy | --proxy-password-file | --search | --files | --jobs | --lease | --listen | \
            --scope | --columns | --origin | --only | --allow-own | --allow-top | --top-file | --top | --show-refused | --max-touched | --serial) i=$((i + 1)) ;;
        -*) ;;
        *)
            if [ -z "$command" ]; then
                command=$word
            elif [ "$command" = list ] || [ "$command" = feed ]; then
                command="$command $word"
            elif [[ "$command $word" =~ ^memory\ (export|import|forget|send|status)$ ]]; then
                command="memory $word"
            else
                after=$((after + 1))
            fi
            ;;
        esac
    done
}

_sinkwatch() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command after
    local globals="--config --socket --host --port --json --no-color --help --usage --version"
    COMPREPLY=()
    _sinkwatch_command
    case $prev in
    --list) _sinkwatch_words "$(_sinkwatch_lists)"; return ;;
    -c | --config | --socket | --file | --files | --password-file | --token-file | --header-file | --ca-file | --cert-file | --key-file | --tls-cert | --tls-key | --root-hints | --trust-anchor | --state | --output | --unbound | --unbound-conf | --system-root | --textfile)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --kind) _sinkwatch_words "ioc allow watch protected known"; return ;;
    --action)
        _sinkwatch_words "passthru monitor nxdomain nodata refused drop tcp-only sinkhole cname"
        return
        ;;
    --format)
        [ "$command" = export ] && { _sinkwatch_words "plain hosts rpz csv json adblock dnsmasq misp stix"; return; }
        _sinkwatch_words "auto plain hosts rpz csv json adblock dnsmasq unbound misp stix maltrail suricata cof"
        return
        ;;
    --stale) _sinkwatch_words "keep shadow drop"; return ;;
    --scope) _sinkwatch_words "exact below both"; return ;;
    --trigger) _sinkwatch_words "client qname cname address asn nsdname nsip"; return ;;
    --ede) _sinkwatch_words "auto off"; return ;;
    esac
    if [[ $cur == -* ]]; then
        _sinkwatch_words "$(_sinkwatch_options "$command") $globals"
        return
    fi
    case $command:$after in
    :*) _sinkwatch_words "list add remove import export feed rollback check pivot memory hunt sweep report top events anomalies notify status setup checkconf doctor metrics web" ;;
    list:*) _sinkwatch_words "show set drop" ;;
    feed:*) _sinkwatch_words "add list show run pause resume remove log" ;;
    feed\ *:0) _sinkwatch_words "$(_sinkwatch_feeds)" ;;
    memory:*) _sinkwatch_words "export import forget send status" ;;
    list\ *:0 | add:0 | remove:0 | import:0 | export:0 | rollback:0) _sinkwatch_words "$(_sinkwatch_lists)" ;;
    import:1 | checkconf:0 | hunt:* | memory\ import:0) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    esac
}

complete -F _sinkwatch sinkwatch
