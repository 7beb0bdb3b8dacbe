/* Finds the length of the solar cycle in yearly sunspot numbers with FFTW: what analyse.py does, in C.
 *
 * Usage: spectrum DATA.csv RESULT.txt
 */
#include <fftw3.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_YEARS = 4096, PADDING = 16 };

static const double pi = 3.14159265358979323846;

static int read_series(const char *path, int *first, double *values)
{
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        exit(1);
    }
    char line[256];
    int n = 0, year;
    while (fgets(line, sizeof line, file)) {
        double value;
        if (sscanf(line, "%d,%lf", &year, &value) != 2)
            continue; /* the header */
        if (n == 0)
            *first = year;
        if (year != *first + n || n == MAX_YEARS) {
            fprintf(stderr, "%s: the years must follow each other without a gap, at most %d of them.\n", path, MAX_YEARS);
            exit(1);
        }
        values[n++] = value;
    }
    fclose(file);
    if (n < 4) {
        fprintf(stderr, "%s: %d years are too few.\n", path, n);
        exit(1);
    }
    return n;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "Usage: spectrum DATA.csv RESULT.txt\n");
        return 2;
    }
    static double values[MAX_YEARS];
    int first = 0;
    const int n = read_series(argv[1], &first, values);
    const int size = PADDING * n;

    double mean = 0;
    for (int i = 0; i < n; i++)
        mean += values[i] / n;

    double *padded = fftw_alloc_real(size);
    fftw_complex *transform = fftw_alloc_complex(size / 2 + 1);
    fftw_plan plan = fftw_plan_dft_r2c_1d(size, padded, transform, FFTW_ESTIMATE);
    for (int i = 0; i < size; i++)
        padded[i] = i < n ? (values[i] - mean) * (0.5 - 0.5 * cos(2 * pi * i / (n - 1))) : 0; /* Hann window */
    fftw_execute(plan);

    int peak = 0;
    double highest = 0, sum = 0;
    for (int k = 1; k <= size / 2; k++) {
        const double frequency = (double)k / size;
        if (frequency <= 1.0 / 50 || frequency >= 1.0 / 2)
            continue;
        const double power = transform[k][0] * transform[k][0] + transform[k][1] * transform[k][1];
        sum += power;
        if (power > highest) {
            highest = power;
            peak = k;
        }
    }

    FILE *result = fopen(argv[2], "w");
    if (!result) {
        perror(argv[2]);
        return 1;
    }
    fprintf(result, "years %d-%d\nmean %.3f\nperiod_years %.3f\npeak_share %.5f\n", first, first + n - 1, mean, (double)size / peak, highest / sum);
    if (fclose(result) != 0) {
        perror(argv[2]);
        return 1;
    }
    printf("The solar cycle of %d-%d lasts %.2f years.\n", first, first + n - 1, (double)size / peak);
    fftw_destroy_plan(plan);
    fftw_free(transform);
    fftw_free(padded);
    return 0;
}
