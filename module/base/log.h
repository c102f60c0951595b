/*
 * log.h - messages for the operator.
 *
 * The module installs a sink that passes lines on to Unbound's log; the sinkwatch command installs
 * a sink that prints errors and warnings. Without a sink, as in the tests, lines go to standard
 * error. Nothing here is called on a worker's hot path.
 *
 * Threads      sw_log(): any thread once the sink is set; sw_log_sink(): before threads start
 */
#ifndef SW_BASE_LOG_H
#define SW_BASE_LOG_H

enum sw_log_level { SW_LOG_ERROR, SW_LOG_WARNING, SW_LOG_INFO, SW_LOG_DEBUG };

typedef void sw_log_fn(enum sw_log_level level, const char *line);

/** Install the sink; NULL goes back to standard error. */
void sw_log_sink(sw_log_fn *sink);

/** Log a line. format has no newline; the line is cut after 1,000 characters. */
void sw_log(enum sw_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
