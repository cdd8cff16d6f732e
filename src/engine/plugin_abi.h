/* The C interface between `ridgeline` and an engine that lives in its own shared object
 * (libridgeline_<engine>.so). A plugin exports one symbol, `ridgeline_engine_v1`. Models cross as ONNX bytes,
 * options and answers as JSON text, tensors as plain structs: no C++ type, exception or protobuf object
 * passes the door. Strings that a plugin returns stay valid until the next call on the same object by the
 * same thread. */
#ifndef RIDGELINE_ENGINE_PLUGIN_ABI_H
#define RIDGELINE_ENGINE_PLUGIN_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RIDGELINE_ENGINE_ABI_VERSION 1
#define RIDGELINE_MAX_RANK 12

typedef struct RidgelineTensor {
  int32_t dtype; /* ridgeline::DType */
  int32_t rank;
  int64_t dims[RIDGELINE_MAX_RANK];
  void* data; /* null in an output: the session lends its own */
  uint64_t byte_size;
} RidgelineTensor;

/* `code` is 0 for success, else 1 + ridgeline::ErrorCode. */
typedef struct RidgelineStatus {
  int32_t code;
  const char* message;
} RidgelineStatus;

/* `path` is where `bytes` were read from ("" for models made in memory); external data lies beside it. The
 * bytes outlive every session compiled from them. `precision` is what the model's weights and ops already are
 * ("fp32", "int8" …), `dimensions` what its named dimensions are under the options' input shapes:
 * {"batch":8}. */
typedef struct RidgelineModel {
  const char* path;
  const void* bytes;
  uint64_t byte_size;
  int32_t has_external_data;
  const char* precision;
  const char* dimensions;
} RidgelineModel;

typedef struct RidgelineSession RidgelineSession;

typedef struct RidgelineEngineV1 {
  int32_t abi_version;
  const char* name;
  const char* (*version)(void);
  /* {"available":bool,"reason":str,"devices":[{"device":str,"available":bool,"reason":str,"precisions":[str],
   *  "needs_converted":[str]}]}
   */
  const char* (*probe)(void);
  /* options: {"precision":str,"device":str,"threads":int,"mode":str,"input_shapes":{name:[int]}} */
  RidgelineStatus (*supports)(const RidgelineModel* model, const char* options);
  RidgelineStatus (*compile)(const RidgelineModel* model, const char* options, RidgelineSession** session);
  /* {"inputs":[{"name":str,"dtype":str,"shape":[int]}],"outputs":[…]}, -1 for a dimension known only after a
   * run */
  const char* (*signature)(RidgelineSession* session);
  RidgelineStatus (*run)(RidgelineSession* session, const RidgelineTensor* in, size_t in_count,
                         RidgelineTensor* out, size_t out_count);
  /* *ops: [{"name":str,"op":str,"kernel":str,"mean_us":number}] */
  RidgelineStatus (*profile)(RidgelineSession* session, const RidgelineTensor* in, size_t in_count,
                             int32_t iterations, const char** ops);
  /* {"weights_bytes":int,"arena_bytes":int,"shared_bytes":int}; without the last, sessions of a model share
   * no weights */
  const char* (*memory)(RidgelineSession* session);
  void (*destroy)(RidgelineSession* session);
} RidgelineEngineV1;

typedef const RidgelineEngineV1* (*RidgelineEngineEntry)(void);

#ifdef __cplusplus
}
#endif
#endif
