/* A stand-in for CUDA's runtime library, without a GPU: device memory that only a copy reaches, and streams whose work
 * is done when somebody waits for it and not before. Error numbers and texts are CUDA's.
 *
 * STANDIN_CUDA=none: there is no GPU. STANDIN_CUDA_BYTES: how much memory the device has.
 * STANDIN_CUDA_VERSION: as cudaRuntimeGetVersion gives it (10020 is 10.2).
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEVICE_TAG ((uintptr_t)1 << 60) /* an address that crashes whoever uses it on the host */
enum { OK = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NO_DEVICE = 100, INVALID_HANDLE = 400 };
enum { HOST_TO_DEVICE = 1, DEVICE_TO_HOST = 2 };

typedef struct Work {
    void *to, *of;
    size_t size;
    int (*run)(void);
    struct Work *next;
} Work;
typedef struct Stream {
    Work *first, **end;
} Stream;

static size_t used;

static int no_device(void) {
    const char *what = getenv("STANDIN_CUDA");
    return what && !strcmp(what, "none");
}

static int on_device(const void *address) { return ((uintptr_t)address & DEVICE_TAG) != 0; }

/* For the stand-in of TensorRT alone: where the device's bytes really are. */
void *standin_memory(void *address) { return (void *)((uintptr_t)address & ~DEVICE_TAG); }

const char *cudaGetErrorString(int error) {
    switch (error) {
    case OK: return "no error";
    case INVALID_VALUE: return "invalid argument";
    case OUT_OF_MEMORY: return "out of memory";
    case NO_DEVICE: return "no CUDA-capable device is detected";
    case INVALID_HANDLE: return "invalid resource handle";
    default: return "unrecognized error code";
    }
}

int cudaRuntimeGetVersion(int *version) {
    const char *said = getenv("STANDIN_CUDA_VERSION");
    *version = said ? atoi(said) : 12060;
    return OK;
}

int cudaDriverGetVersion(int *version) { return cudaRuntimeGetVersion(version); }

int cudaDeviceGetAttribute(int *value, int attribute, int device) {
    if (no_device()) return NO_DEVICE;
    if (device != 0) return INVALID_VALUE;
    *value = attribute == 75 ? 8 : attribute == 76 ? 7 : attribute == 16 ? 8 : 0;
    return OK;
}

int cudaMalloc(void **address, size_t size) {
    const char *limit = getenv("STANDIN_CUDA_BYTES");
    if (no_device()) return NO_DEVICE;
    used += size;
    if (limit && used > strtoull(limit, NULL, 10)) return OUT_OF_MEMORY;
    *address = (void *)((uintptr_t)calloc(1, size) | DEVICE_TAG);
    return OK;
}

int cudaMallocHost(void **address, size_t size) {
    if (no_device()) return NO_DEVICE;
    *address = calloc(1, size);
    return OK;
}

int cudaStreamCreate(Stream **stream) {
    if (no_device()) return NO_DEVICE;
    *stream = calloc(1, sizeof **stream);
    (*stream)->end = &(*stream)->first;
    return OK;
}

static void add(Stream *stream, Work work) {
    Work *kept = malloc(sizeof *kept);
    *kept = work;
    kept->next = NULL;
    *stream->end = kept;
    stream->end = &kept->next;
}

int cudaMemcpyAsync(void *to, const void *of, size_t size, int kind, Stream *stream) {
    if (!stream) return INVALID_HANDLE;
    if (kind != HOST_TO_DEVICE && kind != DEVICE_TO_HOST) return INVALID_VALUE;
    if (on_device(to) != (kind == HOST_TO_DEVICE) || on_device(of) != (kind == DEVICE_TO_HOST)) return INVALID_VALUE;
    add(stream, (Work){standin_memory(to), standin_memory((void *)of), size, NULL, NULL});
    return OK;
}

/* For the stand-in of TensorRT alone: have the stream call `run` in its turn. */
void standin_enqueue(Stream *stream, int (*run)(void)) { add(stream, (Work){NULL, NULL, 0, run, NULL}); }

int cudaStreamSynchronize(Stream *stream) {
    int status = OK;
    if (!stream) return INVALID_HANDLE;
    while (stream->first) {
        Work *work = stream->first;
        stream->first = work->next;
        if (work->run)
            status = status ? status : work->run();
        else
            memcpy(work->to, work->of, work->size);
        free(work);
    }
    stream->end = &stream->first;
    return status;
}
