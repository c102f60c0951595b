/* authorities.c - see authorities.h. */
#include "cli/authorities.h"

void cli_curl_forget_authorities(CURL *curl)
{
    curl_easy_setopt(curl, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
}

void cli_curl_trust(CURL *curl, const char *file)
{
    if (!file)
        return;
    cli_curl_forget_authorities(curl);
    curl_easy_setopt(curl, CURLOPT_CAINFO, file);
}
