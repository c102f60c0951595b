/* by_webhook.c - a notice for a web service: a POST of the object. See hand.h. */
#include "cli/authorities.h"
#include "cli/notify/hand.h"
#include "cli/output.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_MAX 4096        /* octets of a line of header-file */
#define BODY_MAX   (64 * 1024) /* octets of a response that are read */
#define WAIT_MAX_S 300         /* longest wait by Retry-After (RFC 9110 10.2.3) */

/* Count the response's octets and forget the octets; a larger response ends the transfer. */
static size_t swallow(char *data, size_t size, size_t n, void *arg)
{
    size_t *total = arg;
    (void)data;
    *total += size * n;
    return *total > BODY_MAX ? 0 : size * n;
}

/* Headers of the file, "Name: value" on each line. false: the report has the reason. */
static bool add_file(struct curl_slist **headers, const char *path, struct hand_report *report)
{
    char line[HEADER_MAX];
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\r\n")] = '\0';
        if (strchr(line, ':'))
            *headers = curl_slist_append(*headers, line);
    }
    bool read = file && !ferror(file);
    if (!read)
        snprintf(report->why, sizeof(report->why), "%.100s: cannot be read: %s", path,
                 strerror(errno));
    if (file)
        fclose(file);
    explicit_bzero(line, sizeof(line));
    return read;
}

/* Statuses that another attempt would get as well (RFC 9110 15.5): the content is refused. */
static bool is_final(long status)
{
    return status == 400 || status == 413 || status == 415 || status == 422;
}

static enum hand_result judge(CURL *curl, CURLcode code, const char *words,
                              struct hand_report *report)
{
    long status = 0;
    curl_off_t wait_s = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &wait_s);
    if (status >= 200 && status < 300 && (code == CURLE_OK || code == CURLE_WRITE_ERROR))
        return HAND_DONE;
    if (code != CURLE_OK)
        snprintf(report->why, sizeof(report->why), "%s",
                 cli_clean_text(words[0] ? words : curl_easy_strerror(code)));
    else
        snprintf(report->why, sizeof(report->why), "the receiver answers with status %ld", status);
    report->wait_s = (uint32_t)(wait_s < 0 ? 0 : wait_s > WAIT_MAX_S ? WAIT_MAX_S : wait_s);
    return code == CURLE_OK && is_final(status) ? HAND_REFUSED : HAND_AGAIN;
}

static void set_options(CURL *curl, const struct notify_target *target)
{
    curl_easy_setopt(curl, CURLOPT_URL, target->url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)target->timeout_s);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "sinkwatch");
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    cli_curl_trust(curl, target->ca_file);
    if (target->client_cert)
        curl_easy_setopt(curl, CURLOPT_SSLCERT, target->client_cert);
}

/* The headers of a notice; NULL: the report has the reason, or memory is out. */
static struct curl_slist *make_headers(const struct notify_target *target,
                                       const struct notice *notice, struct hand_report *report)
{
    char id[NOTICE_ID_MAX + 32];
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    snprintf(id, sizeof(id), "Idempotency-Key: \"%s\"", notice->id);
    headers = curl_slist_append(headers, id);
    headers = curl_slist_append(headers, "Expect:");
    if (!target->header_file || add_file(&headers, target->header_file, report))
        return headers;
    curl_slist_free_all(headers);
    return NULL;
}

enum hand_result hand_to_webhook(const struct notify_target *target, const struct notice *notice,
                                 struct hand_report *report)
{
    static CURL *curl; /* kept open from notice to notice, until the process ends */
    char words[CURL_ERROR_SIZE] = "";
    size_t len = 0, total = 0;
    struct curl_slist *headers = make_headers(target, notice, report);
    if (!headers)
        return HAND_AGAIN;
    if (!curl)
        curl = curl_easy_init();
    if (!curl)
        abort();
    char *json = notice_json(notice, 0, &len);
    set_options(curl, target);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, swallow);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &total);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, json);
    enum hand_result result = judge(curl, curl_easy_perform(curl), words, report);
    curl_easy_reset(curl); /* keeps connections */
    curl_slist_free_all(headers);
    free(json);
    return result;
}
