/* The streams of NumPy's RandomState: MT19937, doubles of 53 bits, whole numbers by rejection. */
#include <stdint.h>

static uint32_t words[624];
static int next_word;

static void seed_by_number(uint32_t seed)
{
    for (int i = 0; i < 624; i++) {
        words[i] = seed;
        seed = 1812433253u * (seed ^ (seed >> 30)) + i + 1;
    }
    next_word = 624;
}

static void seed_by_pair(uint32_t first, uint32_t second)
{
    uint32_t keys[2] = {first, second};
    seed_by_number(19650218u);
    for (int round = 0, i = 1; round < 624 + 623; round++) {
        uint32_t mixed = words[i - 1] ^ (words[i - 1] >> 30);
        if (round < 624) words[i] = (words[i] ^ (mixed * 1664525u)) + keys[round % 2] + round % 2;
        else words[i] = (words[i] ^ (mixed * 1566083941u)) - i;
        if (++i == 624) words[0] = words[623], i = 1;
    }
    words[0] = 0x80000000u;
}

static uint32_t draw(void)
{
    if (next_word == 624) {
        for (int i = 0; i < 624; i++) {
            uint32_t both = (words[i] & 0x80000000u) | (words[(i + 1) % 624] & 0x7fffffffu);
            words[i] = words[(i + 397) % 624] ^ (both >> 1) ^ (both & 1 ? 0x9908b0dfu : 0);
        }
        next_word = 0;
    }
    uint32_t drawn = words[next_word++];
    drawn ^= drawn >> 11;
    drawn ^= (drawn << 7) & 0x9d2c5680u;
    drawn ^= (drawn << 15) & 0xefc60000u;
    return drawn ^ (drawn >> 18);
}

/* Return a number in [0, 1). */
static double draw_share(void)
{
    double high = draw() >> 5, low = draw() >> 6;
    return (high * 67108864 + low) / 9007199254740992.0;
}

static uint32_t draw_at_most(uint32_t most)
{
    uint32_t mask = most, drawn;
    for (int shift = 1; shift < 32; shift *= 2) mask |= mask >> shift;
    if (!most) return 0;
    while ((drawn = draw() & mask) > most) {}
    return drawn;
}
