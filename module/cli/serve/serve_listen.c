/* serve_listen.c - the place of the server: address and port, or a unix socket. See serve.h. */
#include "cli/output.h"
#include "cli/serve/serve_parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 64

union any {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    struct sockaddr_un local;
    struct sockaddr_storage room;
};

static bool is_loopback(const struct sw_addr *addr)
{
    static const uint8_t one[16] = {[15] = 1};
    return addr->family == 4 ? addr->octets[0] == 127 : memcmp(addr->octets, one, 16) == 0;
}

bool serve_place_parse(const char *text, struct serve_place *place)
{
    const char *colon = strrchr(text, ':'), *begin = text;
    *place = (struct serve_place){.path = ""};
    if (text[0] == '/') {
        snprintf(place->path, sizeof(place->path), "%s", text);
        return strlen(text) < sizeof(place->path);
    }
    size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
    if (digits == 0 || digits > 5 || colon[1 + digits] != '\0' || atoi(colon + 1) > UINT16_MAX)
        return false;
    size_t len = (size_t)(colon - text);
    bool bracketed = len > 2 && text[0] == '[' && text[len - 1] == ']';
    if (bracketed) {
        begin++;
        len -= 2;
    }
    const char *why;
    if (sw_addr_parse(begin, len, &place->addr, &why) != SW_OK ||
        place->addr.plen != sw_addr_bits(&place->addr) || (place->addr.family == 6) != bracketed)
        return false;
    place->port = (uint16_t)atoi(colon + 1);
    place->is_wide = !is_loopback(&place->addr);
    return true;
}

static socklen_t fill(const struct serve_place *place, union any *to)
{
    memset(to, 0, sizeof(*to));
    if (place->path[0]) {
        to->local.sun_family = AF_UNIX;
        memcpy(to->local.sun_path, place->path, strlen(place->path) + 1);
        return sizeof(to->local);
    }
    if (place->addr.family == 4) {
        to->four.sin_family = AF_INET;
        to->four.sin_port = htons(place->port);
        memcpy(&to->four.sin_addr, place->addr.octets, 4);
        return sizeof(to->four);
    }
    to->six.sin6_family = AF_INET6;
    to->six.sin6_port = htons(place->port);
    memcpy(&to->six.sin6_addr, place->addr.octets, 16);
    return sizeof(to->six);
}

/* Remove the socket of a server that is gone; a server that answers keeps it. */
static void remove_stale(const struct serve_place *place)
{
    struct stat st;
    union any to;
    socklen_t len = fill(place, &to);
    if (lstat(place->path, &st) != 0 || !S_ISSOCK(st.st_mode))
        return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, &to.any, len) != 0 && errno == ECONNREFUSED)
        unlink(place->path);
    if (fd >= 0)
        close(fd);
}

static bool bind_and_listen(int fd, struct serve_place *place)
{
    int on = 1;
    union any to;
    socklen_t len = fill(place, &to);
    if (!place->path[0])
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    mode_t mask = umask(0117); /* rw for the owner and the group */
    int bound = bind(fd, &to.any, len);
    umask(mask);
    if (bound != 0 || listen(fd, BACKLOG) != 0)
        return false;
    len = sizeof(to);
    if (!place->path[0] && getsockname(fd, &to.any, &len) == 0)
        place->port = ntohs(place->addr.family == 4 ? to.four.sin_port : to.six.sin6_port);
    return true;
}

int serve_listen(struct serve_place *place)
{
    int family = place->path[0] ? AF_UNIX : place->addr.family == 4 ? AF_INET : AF_INET6;
    if (place->path[0])
        remove_stale(place);
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && bind_and_listen(fd, place))
        return fd;
    int error = errno;
    char text[SW_ADDRTEXT_MAX] = "";
    if (place->path[0])
        cli_error("%s: cannot listen: %s", cli_clean_text(place->path), strerror(error));
    else
        cli_error("%s port %u: cannot listen: %s", sw_addr_text(&place->addr, text), place->port,
                  strerror(error));
    if (fd >= 0)
        close(fd);
    return -1;
}
