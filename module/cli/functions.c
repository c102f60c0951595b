#include "cli/functions.h"

/* The assembler reads the file; the compiler is run in the top folder of the tree. */
__asm__(".pushsection .rodata\n"
        ".global cli_functions\n"
        ".hidden cli_functions\n"
        "cli_functions:\n"
        ".incbin \"conf/sinkwatch.lua\"\n"
        ".byte 0\n"
        ".popsection\n");
