/*
 * A small fuzzer for compilers without libFuzzer: changes inputs at random, keeps those that reach new edges of what was
 * built with -fsanitize-coverage=trace-pc.
 *
 *     driver SEED SECONDS FILE     the last input stands in FILE, whatever happens
 *     driver FILE                  runs one input again
 */
#define _DEFAULT_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { LARGEST = 1024, KEPT = 4096, EDGES = 1 << 16, SECONDS_A_CASE = 20 };

typedef struct {
    size_t size;
    uint8_t data[LARGEST];
} input;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
void __sanitizer_cov_trace_pc(void);

static uint8_t seen[EDGES], now[EDGES];
static uintptr_t before;
static size_t fresh, reached;
static uint64_t state;
static input kept[KEPT];
static size_t n_kept;

static const uint32_t TELLING[] = {
    0x7fc00000, 0xffc00000, 0x7f800000, 0xff800000, 0x7f7fffff, 0xff7fffff, 0x00000001, 0x80000001, 0x007fffff,
    0x00800000, 0x80000000, 0x00000000, 0x3f800000, 0xbf800000, 0x42a00000, 0xc2a00000, 0x7f800001, 0x5f000000,
    0x4b000000, 0xcb400000, 0x3f7fffff, 0x41000000, 0xc1000000, 0x7effffff,
};

void __sanitizer_cov_trace_pc(void)
{
    const uintptr_t here = (uintptr_t)__builtin_return_address(0);
    const size_t edge = (here ^ (before << 1)) % EDGES;

    before = here;
    if (!now[edge]) {
        now[edge] = 1;
        if (!seen[edge]) {
            seen[edge] = 1;
            ++fresh;
        }
    }
}

static uint64_t draw(void)
{
    state += 0x9e3779b97f4a7c15u;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static size_t below(size_t n)
{
    return n ? (size_t)(draw() % n) : 0;
}

static void grow(input *it)
{
    const size_t more = 1 + below(64), size = it->size + more > LARGEST ? LARGEST : it->size + more;

    for (; it->size < size; ++it->size)
        it->data[it->size] = (uint8_t)draw();
}

static void put_float(input *it)
{
    const uint32_t bits = below(4) ? TELLING[below(sizeof TELLING / sizeof *TELLING)] : (uint32_t)draw();

    if (it->size >= 4)
        memcpy(it->data + below(it->size - 3), &bits, 4);
}

static void repeat(input *it)
{
    const size_t from = below(it->size), length = 1 + below(it->size - from), to = below(it->size);

    memmove(it->data + to, it->data + from, length > it->size - to ? it->size - to : length);
}

static void cross(input *it)
{
    const input *other = kept + below(n_kept);
    const size_t at = below(it->size), from = below(other->size), length = other->size - from;
    const size_t room = LARGEST - at, taken = length < room ? length : room;

    memcpy(it->data + at, other->data + from, taken);
    it->size = at + taken;
}

static void change(input *it)
{
    switch (below(8)) {
    case 0:
        it->data[below(it->size)] ^= (uint8_t)(1u << below(8));
        break;
    case 1:
        it->data[below(it->size)] = (uint8_t)draw();
        break;
    case 2:
    case 3:
        put_float(it);
        break;
    case 4:
        grow(it);
        break;
    case 5:
        it->size = 1 + below(it->size);
        break;
    case 6:
        repeat(it);
        break;
    default:
        cross(it);
    }
}

static void run(const input *it)
{
    memset(now, 0, sizeof now);
    before = fresh = 0;
    alarm(SECONDS_A_CASE); /* a case that hangs ends the program */
    LLVMFuzzerTestOneInput(it->data, it->size);
    if (fresh) {
        reached += fresh;
        kept[n_kept < KEPT ? n_kept++ : below(KEPT)] = *it;
    }
}

static int again(const char *path)
{
    static input it;
    FILE *file = fopen(path, "rb");

    if (!file || fread(&it, 1, sizeof it, file) != sizeof it || fclose(file))
        return 2;
    LLVMFuzzerTestOneInput(it.data, it.size);
    return 0;
}

int main(int argc, char **argv)
{
    unsigned long executions = 0;
    input *it;
    time_t end;
    int file;

    if (argc == 2)
        return again(argv[1]);
    if (argc != 4)
        return 2;
    state = strtoull(argv[1], NULL, 10);
    end = time(NULL) + atol(argv[2]);
    file = open(argv[3], O_RDWR | O_CREAT | O_TRUNC, 0644);
    if (file < 0 || ftruncate(file, sizeof *it))
        return 2;
    it = mmap(NULL, sizeof *it, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (it == MAP_FAILED)
        return 2;
    kept[n_kept++].size = 1;
    for (; (executions & 63) || time(NULL) < end; ++executions) {
        *it = kept[below(n_kept)];
        for (size_t n = 1 + below(6); n; --n)
            change(it);
        run(it);
    }
    printf("executions %lu edges %zu inputs %zu\n", executions, reached, n_kept);
    return 0;
}
