/*
 * What a Cortex-M does before main: vectors, the floating-point unit, initialised and zeroed memory. For a board that
 * has start-up code of its own, leave this file and the linker script out.
 */
#include <stdint.h>

extern uint32_t laconic_stack_top, laconic_data_load, laconic_data_start, laconic_data_end;
extern uint32_t laconic_bss_start, laconic_bss_end;

int main(void);
void laconic_exit(int code);
void laconic_reset_handler(void);

static void laconic_fault(void)
{
    laconic_exit(99);
    for (;;) {
    }
}

void laconic_reset_handler(void)
{
    uint32_t *from = &laconic_data_load;

#if defined(__ARM_FP) && __ARM_FP
    *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20; /* CPACR: let everybody use the floating-point unit */
    __asm volatile("dsb\n isb");
#endif
    for (uint32_t *to = &laconic_data_start; to < &laconic_data_end; ++to)
        *to = *from++;
    for (uint32_t *to = &laconic_bss_start; to < &laconic_bss_end; ++to)
        *to = 0;
    laconic_exit(main());
}

typedef void (*laconic_vector)(void);

__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    laconic_vector vectors[15];
} laconic_vectors = {&laconic_stack_top,
                     {laconic_reset_handler, laconic_fault, laconic_fault, laconic_fault, laconic_fault, laconic_fault}};
