"""The zones that the peers' behaviours are shown in."""

NEAR = "".join(
    f'h{i} A 203.0.113.{i}\nh{i} AAAA 2001:db8:a::{i}\nh{i} TXT "h{i}"\nwww.h{i} A 203.0.113.{10 + i}\n'
    for i in range(1, 10)
) + """
pair          A     203.0.113.21
pair          A     203.0.113.22
p2            A     203.0.113.32
p2            AAAA  2001:db8:b::32
p2            TXT   "p2"
p3            A     203.0.113.33
p4            A     203.0.113.34
p5            A     203.0.113.35
to1           CNAME h1
to1b          CNAME to1
to1c          CNAME to1b
to2           CNAME h2
c1            CNAME c2
c2            CNAME c3
c3            CNAME c4
c4            A     203.0.113.40
garden        A     198.51.100.99
garden        AAAA  2001:db8:1::99
garden-alias  CNAME garden
text          TXT   "text"
to-sealed     CNAME h1.sealed.example.
to-dead       CNAME x.dead.example.
"""
FAR = "".join(f"h{i} A 203.0.113.{100 + i}\n" for i in range(1, 5)) + "h7.near.example A 203.0.113.107\n"
DEEP = "h1 A 203.0.113.111\n"
SEALED = """
h1       A     203.0.113.201
h1       TXT   "h1"
h5       A     203.0.113.205
h7       A     203.0.113.207
to-near  CNAME h1.near.example.
"""

PLAIN = {
    ".": "",
    "dead.example": "@ A no address\n",  # not to be loaded: the server answers SERVFAIL
    "near.example": NEAR,
    "far.example": FAR,
    "deep.far.example": DEEP,
}
SIGNED = {"sealed.example": SEALED}
SERVED = ("near.example", "far.example", "deep.far.example")
