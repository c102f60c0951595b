# Completion of the sinkwatch command for fish. The --help of the command gives
# sub-commands and options, Redis gives names of lists.

# The sub-command on the line, a word or two words.
function __sinkwatch_path
    set -l found
    for word in (commandline -opc)[2..-1]
        switch $word
            case '-*'
            case '*'
                if test (count $found) -eq 0
                    set -a found $word
                else if test (count $found) -eq 1 -a "$found[1]" = list
                    contains -- $word show set drop; and set -a found $word
                else if test (count $found) -eq 1 -a "$found[1]" = feed
                    set -a found $word
                end
        end
    end
    string join \n -- $found
end

function __sinkwatch_commands
    set -l path (__sinkwatch_path)
    sinkwatch $path --help 2>/dev/null |
        sed -n '/^Sub-commands:/,/^$/s/^  \([a-z-]*\)  *\(.*\)$/\1\t\2/p'
end

function __sinkwatch_options
    set -l path (__sinkwatch_path)
    sinkwatch $path --help 2>/dev/null |
        sed -n 's/^ *\(-., \)\{0,1\}\(--[a-z0-9-]*\)\(=[A-Z]*\)\{0,1\}  *\(.*\)$/\2\t\4/p'
end

function __sinkwatch_lists
    set -l path (__sinkwatch_path)
    contains -- "$path[1]" list add remove import export rollback; or return
    timeout 2 sinkwatch --json list 2>/dev/null | sed -n 's/.*"name":"\([^"]*\)".*/\1/p'
end

function __sinkwatch_formats
    set -l path (__sinkwatch_path)
    sinkwatch $path[1] --help 2>/dev/null |
        sed -n '/^Formats/,/^$/s/^  \([a-z]*\)  *\(.*\)$/\1\t\2/p'
end

complete -c sinkwatch -n '__fish_seen_subcommand_from import export' -l format -x -a '(__sinkwatch_formats)'
complete -c sinkwatch -n 'string match -q -- "-*" (commandline -ct)' -f -a '(__sinkwatch_options)'
complete -c sinkwatch -n 'not string match -q -- "-*" (commandline -ct)' -a '(__sinkwatch_commands)'
complete -c sinkwatch -n 'not string match -q -- "-*" (commandline -ct)' -a '(__sinkwatch_lists)'
