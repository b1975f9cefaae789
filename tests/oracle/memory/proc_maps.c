// /proc/self/maps: a line per mapping with its range, rights, offset and file; joined and split as Linux
// does.
#include "oracle.h"

static void show(char* p, size_t size, const char* title) {
    static char text[65536];
    int fd = open("/proc/self/maps", O_RDONLY);
    size_t used = 0;
    for (ssize_t n; used < sizeof text - 1 && (n = read(fd, text + used, sizeof text - 1 - used)) > 0;)
        used += n;
    close(fd);
    text[used] = 0;
    say("%s\n", title);
    for (char* line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        unsigned long start, end, offset, inode;
        unsigned major, minor;
        char rights[8], name[256] = "";
        if (sscanf(line, "%lx-%lx %7s %lx %x:%x %lu %255s", &start, &end, rights, &offset, &major, &minor,
                   &inode, name) < 7) {
            say("strange line\n");
            continue;
        }
        if (start >= (unsigned long)p && end <= (unsigned long)p + size)
            say("  +%lu pages %lu %s offset %lu %s\n", (start - (unsigned long)p) / 4096,
                (end - start) / 4096, rights, offset,
                name[0] ? strrchr(name, '/') ? strrchr(name, '/') + 1 : name : "anonymous");
    }
}
int main(void) {
    scratch();
    put_file("mapped", "x");
    size_t size = 16 * 4096;
    char* room = MUST(mmap(NULL, size + 2 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    munmap(room, 4096);
    munmap(room + 4096 + size, 4096);
    char* p = room + 4096;
    munmap(p, size);
    mmap(p, 8 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    show(p, size, "one");
    mprotect(p + 2 * 4096, 4096, PROT_READ);
    show(p, size, "split");
    mprotect(p + 2 * 4096, 4096, PROT_READ | PROT_WRITE);
    show(p, size, "joined");
    mmap(p + 9 * 4096, 3 * 4096, PROT_READ, MAP_SHARED | MAP_FIXED, open("mapped", O_RDONLY), 4096);
    mmap(p + 14 * 4096, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, open("mapped", O_RDONLY), 0);
    show(p, size, "files");
    munmap(p + 10 * 4096, 4096);
    unlink("mapped");
    show(p, size, "holes");
    return 0;
}
