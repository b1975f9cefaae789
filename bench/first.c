// The first program of a virtual machine. As PID 1 of a Linux kernel with an initramfs it mounts what
// programs need, loads the modules that the initramfs has, mounts the disk that they may show, and stops the
// machine at the end; as a program of LiteBox it finds that done. Says "first" at once, then what memory
// there is, then runs the words of its command line (of /arguments under Linux), separated by "--".
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void bring_up_loopback(void) {
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int socket_for_it = socket(AF_INET, SOCK_DGRAM, 0);
    if (ioctl(socket_for_it, SIOCSIFFLAGS, &request) != 0) perror("lo");
    close(socket_for_it);
}

/// In the order of their numbers; the disk is an image as LiteBox reads it.
static void mount_disk(void) {
    char name[64];
    int file, count = 0;
    for (; snprintf(name, sizeof name, "/modules/%d.ko", count), (file = open(name, O_RDONLY)) >= 0;
         count++) {
        if (syscall(SYS_finit_module, file, "", 0) != 0) perror(name);
        close(file);
    }
    if (count == 0) return;
    if (mount("dev", "/dev", "devtmpfs", 0, NULL) || mount("/dev/vda", "/disk", "erofs", MS_RDONLY, NULL))
        perror("/dev/vda");
}

static void show_memory(void) {
    char line[256];
    FILE* file = fopen("/proc/meminfo", "r");
    while (file && fgets(line, sizeof line, file))
        if (!strncmp(line, "MemTotal", 8) || !strncmp(line, "MemFree", 7)) fputs(line, stdout);
    if (file) fclose(file);
    fflush(stdout);
}

static void run(char** words) {
    pid_t child = fork();
    if (child == 0) {
        execv(words[0], words);
        perror(words[0]);
        _exit(127);
    }
    int status;
    while (waitpid(-1, &status, 0) != child) continue;
    if (status != 0) printf("failed: %s\n", words[0]);
    fflush(stdout);
}

static void run_all(char** words) {
    while (*words) {
        char** end = words;
        while (*end && strcmp(*end, "--")) end++;
        int more = *end != NULL;
        *end = NULL;
        run(words);
        words = end + more;
    }
}

/// One word a line.
static char** read_arguments(void) {
    static char text[4096];
    static char* words[256];
    FILE* file = fopen("/arguments", "r");
    if (!file) return words;
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    size_t count = 0;
    for (char* word = strtok(text, "\n"); word && count < 255; word = strtok(NULL, "\n"))
        words[count++] = word;
    return words;
}

int main(int argc, char** argv) {
    (void)argc;
    puts("first");
    fflush(stdout);
    int alone = access("/arguments", R_OK) == 0;
    if (alone) {
        mount("proc", "/proc", "proc", 0, NULL);
        mount_disk();
        mkdir("/dev/shm", 0777);
        mount("tmpfs", "/dev/shm", "tmpfs", 0, NULL);
        bring_up_loopback();
    }
    show_memory();
    run_all(alone ? read_arguments() : argv + 1);
    puts("last");
    fflush(stdout);
    if (alone) reboot(RB_AUTOBOOT);
    return 0;
}
