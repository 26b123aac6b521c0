/* Files and the exit of the debugger or emulator that a Cortex-M runs under. */
#ifndef LACONIC_SEMIHOST_H
#define LACONIC_SEMIHOST_H

#include <stddef.h>
#include <stdint.h>

enum { LACONIC_OPEN = 0x01, LACONIC_CLOSE = 0x02, LACONIC_WRITE = 0x05, LACONIC_READ = 0x06, LACONIC_EXIT = 0x20 };
enum { LACONIC_READ_BINARY = 1, LACONIC_WRITE_BINARY = 5 };

static inline intptr_t laconic_semihost(uintptr_t operation, const void *argument)
{
    register uintptr_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;

    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return (intptr_t)r0;
}

/* Open a file; negative if that fails. */
static inline intptr_t laconic_open(const char *name, size_t length, uintptr_t mode)
{
    const uintptr_t block[3] = {(uintptr_t)name, mode, length};

    return laconic_semihost(LACONIC_OPEN, block);
}

/* Read so many bytes; 0 if all came. */
static inline intptr_t laconic_read(intptr_t file, void *into, size_t size)
{
    const uintptr_t block[3] = {(uintptr_t)file, (uintptr_t)into, size};

    return laconic_semihost(LACONIC_READ, block);
}

/* Write so many bytes; 0 if all went. */
static inline intptr_t laconic_write(intptr_t file, const void *from, size_t size)
{
    const uintptr_t block[3] = {(uintptr_t)file, (uintptr_t)from, size};

    return laconic_semihost(LACONIC_WRITE, block);
}

#endif
