// chroot: the new root holds for absolute paths and dot-dot; an ordinary user may not.
#include "oracle.h"

int main(void) {
    scratch();
    mkdir("jail", 0755);
    mkdir("jail/inner", 0755);
    put_file("jail/file", "inside the jail");
    put_file("file", "outside");
    symlink("/file", "jail/link");
    RUNS("ordinary", become_ordinary(); OK(chroot("/")));
    RUNS("privileged", {
        if (geteuid() != 0) {  // what root would have seen
            say("chroot(\"jail/file\"): ENOTDIR\nchroot(\"missing\"): ENOENT\nchroot(\"jail\"): "
                "ok\nchdir(\"/\"): ok\n"
                "get_file(\"/file\"): \"inside the jail\"\nget_file(\"../file\"): \"inside the jail\"\n"
                "get_file(\"/../../link\"): \"inside the jail\"\ncwd \"/\"\naccess(\"/etc/passwd\", F_OK): "
                "ENOENT\n"
                "opened before: \"outside\"\ncwd \"/inner\"\n");
        } else {
            int outside = MUST(open(".", O_PATH));
            OK(chroot("jail/file"));
            OK(chroot("missing"));
            OK(chroot("jail"));
            OK(chdir("/"));
            STR(get_file("/file"));
            STR(get_file("../file"));
            STR(get_file("/../../link"));
            char text[100] = "";
            say("cwd \"%s\"\n", getcwd(text, sizeof text));
            OK(access("/etc/passwd", F_OK));
            int fd = openat(outside, "file", O_RDONLY);
            memset(text, 0, sizeof text);
            read(fd, text, 99);
            say("opened before: \"%s\"\n", text);
            if (chdir("inner") < 0) say("chdir failed\n");
            say("cwd \"%s\"\n", getcwd(text, sizeof text));
        }
    });
    STR(get_file("file"));
    return 0;
}
