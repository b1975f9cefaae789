// shm_open and shm_unlink: shared by name, gone by name but not for those who hold it; the errors.
#include "oracle.h"

int main(void) {
    char name[64];
    snprintf(name, sizeof name, "/oracle-shm-%d", getpid());
    OK(shm_open(name, O_RDWR, 0600));
    int fd = OK(shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0640));
    OK(shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600));
    struct stat st;
    fstat(fd, &st);
    OCT(st.st_mode);
    NUM(st.st_size);
    NUM(fcntl(fd, F_GETFD));
    OK(ftruncate(fd, 5000));
    char* p = OK(mmap(NULL, 5000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    strcpy(p, "parent");
    RUNS("child", {
        int again = OK(shm_open(name, O_RDWR, 0));
        char* q = OK(mmap(NULL, 5000, PROT_READ | PROT_WRITE, MAP_SHARED, again, 0));
        STR(q);
        strcpy(q, "child");
    });
    STR(p);
    int ro = OK(shm_open(name, O_RDONLY, 0));
    OK(mmap(NULL, 5000, PROT_READ | PROT_WRITE, MAP_SHARED, ro, 0));
    OK(ftruncate(ro, 0));
    OK(shm_unlink(name));
    OK(shm_unlink(name));
    OK(shm_open(name, O_RDWR, 0));
    STR(p);
    OK(shm_open("/a/b", O_RDWR | O_CREAT, 0600));
    OK(shm_open("/", O_RDWR | O_CREAT, 0600));
    return 0;
}
