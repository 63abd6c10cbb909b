/* Preloaded into the commands under test: writes to $WATCH_LOG what they look up, connect to and write. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void note(const char *what, const char *text) {
    const char *log = getenv("WATCH_LOG");
    if (log == NULL) return;
    char line[4400];
    int length = snprintf(line, sizeof line, "%s %s\n", what, text);
    int file = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) return;
    if (length > 0) syscall(SYS_write, file, line, (size_t)length);
    syscall(SYS_close, file);
}

static void note_path(int folder, const char *path) {
    char base[2048] = "", link[64], whole[4300];
    if (path == NULL) return;
    if (path[0] != '/') {
        if (folder == AT_FDCWD) snprintf(link, sizeof link, "/proc/self/cwd");
        else snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        ssize_t length = readlink(link, base, sizeof base - 1);
        base[length > 0 ? length : 0] = 0;
    }
    snprintf(whole, sizeof whole, "%s%s%s", base, base[0] ? "/" : "", path);
    note("write", whole);
}

static void note_address(const struct sockaddr *address) {
    char text[INET6_ADDRSTRLEN] = "?";
    if (address == NULL) return;
    if (address->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text, sizeof text);
    else if (address->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, text, sizeof text);
    else return;
    note("net", text);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    if (node != NULL) note("name", node);
    return NEXT(getaddrinfo)(node, service, hints, found);
}
/* Who listens for others than this machine. */
int bind(int fd, const struct sockaddr *address, socklen_t size) {
    note_address(address);
    return NEXT(bind)(fd, address, size);
}
int connect(int fd, const struct sockaddr *address, socklen_t size) {
    note_address(address);
    return NEXT(connect)(fd, address, size);
}
ssize_t sendto(int fd, const void *data, size_t n, int flags, const struct sockaddr *address, socklen_t size) {
    note_address(address);
    return NEXT(sendto)(fd, data, n, flags, address, size);
}
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    note_address(message->msg_name);
    return NEXT(sendmsg)(fd, message, flags);
}

#define WRITES(flags) (((flags) & (O_WRONLY | O_RDWR | O_CREAT)) != 0)
#define MODE(flags) mode_t mode = 0; va_list rest; va_start(rest, flags); \
    if ((flags) & (O_CREAT | O_TMPFILE)) mode = va_arg(rest, mode_t); va_end(rest);

int open(const char *path, int flags, ...) {
    MODE(flags)
    if (WRITES(flags)) note_path(AT_FDCWD, path);
    return NEXT(open)(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    MODE(flags)
    if (WRITES(flags)) note_path(AT_FDCWD, path);
    return NEXT(open64)(path, flags, mode);
}
int openat(int folder, const char *path, int flags, ...) {
    MODE(flags)
    if (WRITES(flags)) note_path(folder, path);
    return NEXT(openat)(folder, path, flags, mode);
}
int openat64(int folder, const char *path, int flags, ...) {
    MODE(flags)
    if (WRITES(flags)) note_path(folder, path);
    return NEXT(openat64)(folder, path, flags, mode);
}
FILE *fopen(const char *path, const char *how) {
    if (strpbrk(how, "wa+")) note_path(AT_FDCWD, path);
    return NEXT(fopen)(path, how);
}
FILE *fopen64(const char *path, const char *how) {
    if (strpbrk(how, "wa+")) note_path(AT_FDCWD, path);
    return NEXT(fopen64)(path, how);
}
int mkdir(const char *path, mode_t mode) {
    note_path(AT_FDCWD, path);
    return NEXT(mkdir)(path, mode);
}
int rename(const char *from, const char *to) {
    note_path(AT_FDCWD, to);
    return NEXT(rename)(from, to);
}
