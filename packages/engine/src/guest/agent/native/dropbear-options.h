/* Dropbear's localoptions.h: keys alone, and our sftp-server beside it, in its working directory. */
#define SFTPSERVER_PATH "./sftp-server"
#define DROPBEAR_SVR_PASSWORD_AUTH 0
