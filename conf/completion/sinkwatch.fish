# Completion of the sinkwatch command for fish. The --help of the command gives
# sub-commands and options, Redis gives names of lists.

function __sinkwatch_commands_of # __sinkwatch_commands_of [COMMAND [SUB-COMMAND]]: name, tab, words
    sinkwatch $argv --help 2>/dev/null |
        sed -n '/^Sub-commands:/,/^$/s/^  \([a-z-]*\)  *\(.*\)$/\1\t\2/p'
end

# Options of which the next word is the value.
function __sinkwatch_valued
    sinkwatch $argv --help 2>/dev/null |
        sed -n 'h; s/^ *\(-., \)\{0,1\}\(--[a-z0-9-]*\)=.*/\2/p; g; s/^ *\(-.\), --[a-z0-9-]*=.*/\1/p'
end

# The sub-command on the line, a word or two words.
function __sinkwatch_path
    set -l found
    set -l before ''
    set -l commands (__sinkwatch_commands_of | string split -f1 \t)
    set -l valued (__sinkwatch_valued)
    for word in (commandline -opc)[2..-1]
        if not contains -- $before $valued; and contains -- $word $commands
            set -a found $word
            set commands (__sinkwatch_commands_of $found | string split -f1 \t)
            set valued (__sinkwatch_valued $found)
        end
        set before $word
    end
    string join \n -- $found
end

function __sinkwatch_commands
    __sinkwatch_commands_of (__sinkwatch_path)
end

# Where a sub-command is wanted, no file is offered.
function __sinkwatch_wants_command
    not string match -q -- '-*' (commandline -ct); and test (count (__sinkwatch_commands)) -gt 0
end

function __sinkwatch_options
    set -l path (__sinkwatch_path)
    sinkwatch $path --help 2>/dev/null |
        sed 's/^ *\(-., \)\{0,1\}\(--[a-z-]*\), \(--[a-z-]*\)\( .*\)/  \1\2\4\n  \3\4/' |
        sed -n 's/^ *\(-., \)\{0,1\}\(--[a-z0-9-]*\)\(=[^ ]*\|\[=[^ ]*\)\{0,1\} *\(.*\)$/\2\t\4/p'
end

function __sinkwatch_lists
    set -l path (__sinkwatch_path)
    contains -- "$path[1]" list add remove import export rollback; or return
    timeout 2 sinkwatch --json list 2>/dev/null | sed -n 's/.*"name":"\([[:alnum:]._-]*\)".*/\1/p'
end

function __sinkwatch_has_formats
    set -l path (__sinkwatch_path)
    contains -- "$path[1]" import export
end

function __sinkwatch_formats
    set -l path (__sinkwatch_path)
    sinkwatch $path[1] --help 2>/dev/null |
        sed -n '/^Formats/,/^$/s/^  \([a-z]*\)  *\(.*\)$/\1\t\2/p'
end

complete -c sinkwatch -n __sinkwatch_has_formats -l format -x -a '(__sinkwatch_formats)'
complete -c sinkwatch -n 'string match -q -- "-*" (commandline -ct)' -f -a '(__sinkwatch_options)'
complete -c sinkwatch -n __sinkwatch_wants_command -f -a '(__sinkwatch_commands)'
complete -c sinkwatch -n 'not string match -q -- "-*" (commandline -ct)' -a '(__sinkwatch_lists)'
