/* The least that a trace can cost on one core: breadth-first over compressed sparse rows.
 *
 *   cc -O3 -march=native -o limit limit.c
 *   ./limit NODES RUNS from.u32 to.u32 roots.u32
 *
 * Edge i leads from[i] -> to[i]; roots.u32 holds sets of roots, each as its length and its members.
 * All numbers are uint32 of this machine. Prints for each set: nodes reached, and the median of
 * RUNS in microseconds. No names, no amounts, no order of the answer: whatever answers the same
 * question on one core has at least this to do.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct { uint32_t *items; size_t count; } Numbers;

static Numbers numbers(const char *path) {
    Numbers all = {NULL, 0};
    FILE *file = fopen(path, "rb");
    if (file == NULL) { perror(path); exit(2); }
    fseek(file, 0, SEEK_END);
    all.count = (size_t)ftell(file) / sizeof(uint32_t);
    rewind(file);
    all.items = malloc((all.count + 1) * sizeof(uint32_t));
    if (fread(all.items, sizeof(uint32_t), all.count, file) != all.count) { perror(path); exit(2); }
    fclose(file);
    return all;
}

static double now(void) {
    struct timespec moment;
    clock_gettime(CLOCK_MONOTONIC, &moment);
    return (double)moment.tv_sec * 1e6 + (double)moment.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    if (argc != 6) { fprintf(stderr, "limit NODES RUNS from.u32 to.u32 roots.u32\n"); return 2; }
    size_t nodes = strtoull(argv[1], NULL, 10), runs = strtoull(argv[2], NULL, 10);
    Numbers from = numbers(argv[3]), to = numbers(argv[4]), roots = numbers(argv[5]);

    uint32_t *first = calloc(nodes + 2, sizeof *first);
    uint32_t *target = malloc((to.count + 1) * sizeof *target);
    for (size_t i = 0; i < from.count; i++) first[from.items[i] + 2]++;
    for (size_t v = 2; v < nodes + 2; v++) first[v] += first[v - 1];
    for (size_t i = 0; i < from.count; i++) target[first[from.items[i] + 1]++] = to.items[i];

    uint64_t *seen = malloc((nodes / 64 + 1) * sizeof *seen);
    uint32_t *queue = malloc((nodes + 1) * sizeof *queue);
    double *took = malloc(runs * sizeof *took);
    for (size_t at = 0; at < roots.count; at += roots.items[at] + 1) {
        size_t reached = 0;
        for (size_t run = 0; run < runs; run++) {
            double start = now();
            size_t head = 0, tail = 0;
            memset(seen, 0, (nodes / 64 + 1) * sizeof *seen);
            for (size_t i = at + 1; i <= at + roots.items[at]; i++) {
                uint32_t root = roots.items[i];
                if (seen[root >> 6] & 1ull << (root & 63)) continue;
                seen[root >> 6] |= 1ull << (root & 63);
                queue[tail++] = root;
            }
            while (head < tail) {
                uint32_t node = queue[head++];
                if (head + 4 < tail) __builtin_prefetch(&target[first[queue[head + 4]]]);
                for (uint32_t i = first[node]; i < first[node + 1]; i++) {
                    uint32_t next = target[i];
                    uint64_t bit = 1ull << (next & 63);
                    if (seen[next >> 6] & bit) continue;
                    seen[next >> 6] |= bit;
                    queue[tail++] = next;
                }
            }
            took[run] = now() - start;
            reached = tail;
        }
        qsort(took, runs, sizeof *took, ascending);
        printf("%zu %.1f\n", reached, took[runs / 2]);
    }
    return 0;
}
