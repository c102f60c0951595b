/*
 * framestream.h - sends frames to a reader of Frame Streams on a unix socket, in a thread of its
 * own: the transport of dnstap.
 *
 * Step by step: sw_frames_put() appends a frame to a bounded buffer; the thread connects, agrees on
 * the content type (READY, ACCEPT, START), takes the whole buffer, and sends. Without a reader the
 * thread tries again each second, and the buffer keeps the oldest frames. A connection that breaks
 * ends with a part of a frame; the whole frame is sent on the next connection. At the end the rest
 * is sent, with STOP and FINISH, for a limited time.
 *
 * Threads      sw_frames_put(): one thread, never waits for the reader; the sending thread has all
 *              signals blocked
 * Memory       two buffers of at most SW_FRAMES_MAX octets
 * Reliability  a frame without room is counted in dnstap_lost, like a frame that is left at the
 *              end; a frame that the system has taken is counted in dnstap_sent
 * Standards    Frame Streams, bidirectional, as of fstrm 0.6
 * Decisions    D-191
 */
#ifndef SW_JOURNAL_FRAMESTREAM_H
#define SW_JOURNAL_FRAMESTREAM_H

#include "base/counters.h"

#include <stddef.h>

#define SW_FRAMES_MAX 4194304

struct sw_frames;

/** Start the thread. path: of the socket; type: the content type; both outlive the frames. NULL: no
 * memory, or no thread. */
struct sw_frames *sw_frames_start(const char *path, const char *type, struct sw_counters *counters);

/** Append a frame of 1 to 65535 octets. NULL frames: nothing is done. */
void sw_frames_put(struct sw_frames *frames, const void *data, size_t len);

/** Send the rest for half a second at most, join the thread, free. NULL is fine. */
void sw_frames_stop(struct sw_frames *frames);

#endif
