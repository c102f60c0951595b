"""Words about differences: a question, both answers in dig's form, the command to ask again."""

import dns.exception
import dns.message
import dns.rdataclass
import dns.rdatatype


def answer_text(packet):
    if not packet:
        return "(none)"
    try:
        return dns.message.from_wire(packet, ignore_trailing=True).to_text()
    except (dns.exception.DNSException, ValueError) as error:
        return f"({error}) {packet.hex()}"


def describe(line, reason, run, phase, block, indices):
    """Everything about a question; indices: the questions that show the difference again."""
    rdtype, rdclass = dns.rdatatype.to_text(line.rdtype), dns.rdataclass.to_text(line.rdclass)
    return "\n".join(
        [
            f"==== {run.name}, {phase}: {line.name} {rdclass} {rdtype} flags {line.flags} "
            f"turn {line.turn}: {reason}",
            f"-- Unbound alone; aliases {line.aliases}, addresses {line.addresses}",
            answer_text(line.plain),
            "-- with the module",
            answer_text(line.ours),
            f"-- again: make differential SEED={run.seed} POOL={run.pool} "
            f"CONFIGURATION={run.name} PHASE={phase} BLOCK={block} AGAIN={','.join(map(str, indices))}",
        ]
    )


def unlike(words, run, phase, block, lines):
    """A difference between the counters of the two resolvers; lines: the questions that show it."""
    numbers = ",".join(str(line.index) for line in lines)
    return (
        f"==== {run.name}, {phase}: {words}\n"
        f"-- again: make differential SEED={run.seed} POOL={run.pool} "
        f"CONFIGURATION={run.name} PHASE={phase} BLOCK={block} AGAIN={numbers}"
    )


def table(run, phase):
    """A row of figures."""
    words = " ".join(f"{key} {value}" for key, value in phase.counts.items())
    warm = f", {phase.warm_seconds:.0f} s of these warm" if phase.warm_seconds else ""
    return f"{run.name:12} {phase.name:9} {words} in {phase.seconds:.0f} s{warm}"
