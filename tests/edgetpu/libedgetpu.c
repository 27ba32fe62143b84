/* A stand-in for libedgetpu.so.1: the external-delegate and device-list interfaces, without a device.
 *
 * It claims each node called edgetpu-custom-op, one by one, and refuses devices as the vendor's library does: with
 * NULL and no word. What it computes stands in a file that the test writes. Struct layouts: LP64, TensorFlow Lite's
 * C interface. Hooks, by environment variable:
 *   STANDIN_DEVICES   "usb:/sys/bus/usb/devices/2-1,pci:/dev/apex_0"; none if unset
 *   STANDIN_VERSION   what edgetpu_version says
 *   STANDIN_REFUSE    every open is refused, as for want of permission
 *   STANDIN_FAIL      every inference fails;  STANDIN_HANG: hangs;  STANDIN_CRASH: crashes
 *   STANDIN_DELAY_US  how long an inference takes
 *   STANDIN_COPY      each output gets the bytes of the first input, as far as they go; zeros otherwise
 *   STANDIN_LOG       file that gets a line with the options for each delegate that is made
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VISIBLE __attribute__((visibility("default")))

VISIBLE const char standin_build[] = STANDIN_BUILD; /* PERFORMANCE=DIRECT or PERFORMANCE=THROTTLED */

typedef struct { int size; int data[]; } IntArray;
typedef struct { void *data; int (*prepare)(void *, void *); void *unused[3]; int64_t flags; void *builder; } Delegate;
typedef struct {
  void *(*init)(void *, const char *, size_t);
  void (*free)(void *, void *);
  int (*prepare)(void *, void *);
  int (*invoke)(void *, void *);
  void *profiling;
  int32_t builtin_code;
  const char *custom_name;
  int version;
#ifndef STANDIN_OLD_TENSORFLOW
  void *external, *async_kernel;
  uint64_t inplace;
#endif
} Registration;
typedef struct {
  int type; void *data; IntArray *dims; float scale; int32_t zero_point; int allocation; size_t bytes;
  const void *memory; const char *name; Delegate *delegate; int handle; char stale, variable;
  int quantization; void *parameters; void *sparsity; const IntArray *signature;
} Tensor;
typedef struct {
  IntArray *inputs, *outputs, *intermediates, *temporaries;
  void *user_data, *builtin_data; const void *custom_data; int custom_size; Delegate *delegate;
} Node;
typedef struct Context {
  size_t tensors_size;
  int (*execution_plan)(struct Context *, IntArray **);
  Tensor *tensors;
  void *impl, *resize;
  void (*report_error)(struct Context *, const char *, ...);
  void *add_tensors;
  int (*node_and_registration)(struct Context *, int, Node **, Registration **);
  int (*replace)(struct Context *, Registration, const IntArray *, Delegate *);
  int threads; void *get_external;
  void (*set_external)(struct Context *, int, void *);
} Context;
typedef struct { int type; const char *path; } Device;
typedef struct { Delegate *delegate; IntArray *nodes, *inputs, *outputs; } DelegateParams;

static Device *devices(size_t *count) {
  const char *listed = getenv("STANDIN_DEVICES");
  *count = 0;
  if (!listed || !*listed) return NULL;
  char *text = strdup(listed), *place = NULL;
  Device *found = calloc(16, sizeof(Device));
  for (char *one = strtok_r(text, ",", &place); one && *count < 16; one = strtok_r(NULL, ",", &place)) {
    found[*count].type = strncmp(one, "usb:", 4) == 0;
    found[(*count)++].path = one + 4;
  }
  return found;
}

VISIBLE Device *edgetpu_list_devices(size_t *count) { return devices(count); }
VISIBLE void edgetpu_free_devices(Device *found) { free(found); }
VISIBLE void edgetpu_verbosity(int level) { (void)level; }
VISIBLE const char *edgetpu_version(void) {
  const char *version = getenv("STANDIN_VERSION");
  return version ? version : "BuildLabel(STAND-IN), RuntimeVersion(14)";
}

/* Whether there is a device of that name: "", usb, pci, :N, usb:N, pci:N. indexed: whether it ends with a number. */
static int there_is(const char *name, int *indexed) {
  size_t count, of_type[2] = {0, 0};
  Device *found = devices(&count);
  for (size_t k = 0; k < count; k++) of_type[found[k].type]++;
  size_t among = count;
  if (!strncmp(name, "pci", 3)) { among = of_type[0]; name += 3; }
  else if (!strncmp(name, "usb", 3)) { among = of_type[1]; name += 3; }
  *indexed = *name == ':';
  if (!*name) return among > 0;
  char *end;
  long number = *name == ':' && name[1] ? strtol(name + 1, &end, 10) : -1;
  return number >= 0 && !*end && (size_t)number < among;
}

static int known(const char *value, const char *const *words) {
  for (; *words; words++) if (!strcmp(value, *words)) return 1;
  return 0;
}

static void *init(void *context, const char *buffer, size_t length) {
  (void)context; (void)length;
  return ((const DelegateParams *)buffer)->nodes->size == 1 ? (void *)1 : NULL;
}
static void release(void *context, void *data) { (void)context; (void)data; }
static int ready(void *context, void *node) { (void)context; return ((Node *)node)->user_data ? 0 : 1; }

static void fill(Tensor *output, const Tensor *input) {
  memset(output->data, 0, output->bytes);
  if (getenv("STANDIN_COPY")) memcpy(output->data, input->data, input->bytes < output->bytes ? input->bytes : output->bytes);
}

static int invoke(void *given, void *which) {
  Context *context = given;
  Node *node = which;
  if (getenv("STANDIN_CRASH")) *(volatile int *)8 = 0;
  while (getenv("STANDIN_HANG")) sleep(3600);
  if (getenv("STANDIN_DELAY_US")) usleep(atoi(getenv("STANDIN_DELAY_US")));
  if (getenv("STANDIN_FAIL")) {
    context->report_error(context, "Failed to execute request. stand-in device error");
    return 1;
  }
  for (int k = 0; k < node->outputs->size; k++) fill(&context->tensors[node->outputs->data[k]], &context->tensors[node->inputs->data[0]]);
  return 0;
}

static int prepare(void *given, void *delegate) {
  Context *context = given;
  IntArray *plan;
  int mine[64], count = 0;
  context->set_external(context, 2, delegate);
  if (context->execution_plan(context, &plan)) return 1;
  for (int k = 0; k < plan->size && count < 64; k++) { /* collected first: replacing changes the plan */
    Node *node;
    Registration *registration;
    if (context->node_and_registration(context, plan->data[k], &node, &registration)) return 1;
    if (registration->custom_name && !strcmp(registration->custom_name, "edgetpu-custom-op")) mine[count++] = plan->data[k];
  }
  for (int k = 0; k < count; k++) {
    struct { int size, data[1]; } one = {1, {mine[k]}};
    Registration registration;
    memset(&registration, 0, sizeof registration);
    registration.init = init;
    registration.free = release;
    registration.prepare = ready;
    registration.invoke = invoke;
    registration.custom_name = "EdgeTpuDelegateForCustomOp";
    registration.version = 1;
    if (context->replace(context, registration, (const IntArray *)&one, delegate)) return 1;
  }
  return 0;
}

VISIBLE Delegate *tflite_plugin_create_delegate(char **keys, char **values, size_t count, void (*report)(const char *)) {
  static const char *const levels[] = {"Low", "Medium", "High", "Max", NULL};
  const char *device = "", *performance = "Max";
  int indexed;
  (void)report; /* the vendor's library never calls it */
  const char *log = getenv("STANDIN_LOG");
  FILE *file = log ? fopen(log, "a") : NULL;
  for (size_t k = 0; k < count; k++) {
    if (!strcmp(keys[k], "device")) device = values[k];
    if (!strcmp(keys[k], "Performance")) performance = values[k];
    if (file) fprintf(file, "%s=%s%s", keys[k], values[k], k + 1 < count ? ";" : "\n");
  }
  if (file) fclose(file);
  if (getenv("STANDIN_REFUSE") || !there_is(device, &indexed)) return NULL;
  if (indexed && !known(performance, levels)) return NULL;
  Delegate *delegate = calloc(1, sizeof *delegate);
  delegate->prepare = prepare;
  delegate->flags = 1; /* dynamic tensors are allowed */
  return delegate;
}

VISIBLE void tflite_plugin_destroy_delegate(Delegate *delegate) { free(delegate); }
