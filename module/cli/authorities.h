/*
 * authorities.h - the certificates that the command's requests by libcurl trust.
 *
 * libcurl as Debian builds it trusts a file and a folder of the system. An option such as --ca-file
 * sets the file only: a certificate that the folder vouches for would still be taken. So every file
 * of authorities is set here, and the folder is left out.
 *
 * Threads      one for each handle
 * Security     with a file of authorities no authority of the system is trusted
 */
#ifndef SW_CLI_AUTHORITIES_H
#define SW_CLI_AUTHORITIES_H

#include <curl/curl.h>

/** Trust no authority of the system from now on. */
void cli_curl_forget_authorities(CURL *curl);

/** Trust the authorities of a PEM file and no others; NULL: those of the system. */
void cli_curl_trust(CURL *curl, const char *file);

#endif
