// The smallest thing that can be run: linked statically, ends at once.
int main(void) {
    return 0;
}
