/* The fault injector of ../shared/tools, and a way to set it again in a forked process: it reads the
 * environment when it is loaded, which a process that is to be forked many times does only once.
 * gcc -O2 -shared -fPIC -DFAULTLIB='"…/faultlib.c"' -o again.so again.c -ldl */
#include FAULTLIB

void fault_again(void) { init(); }
