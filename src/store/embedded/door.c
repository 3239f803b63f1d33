#include "store/embedded/door.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

/* How long a place may be held without a request while others wait. */
#define IDLE_PLACE_MS 1000
/* While all places are taken: how often to look whether somebody waits. */
#define FULL_LOOK_MS 50
/* The machine is out of descriptors or memory: others may give some back. */
#define SHORTAGE_WAIT_MS 100
/* The library counts a connection for a moment longer than it tells of it. */
#define LIBRARY_MARGIN 8

sj_rc sj_emb_door_init(struct sj_emb_door *door, int listen_fd, size_t place_max)
{
    *door = (struct sj_emb_door){.listen_fd = listen_fd, .wake_fd = -1, .place_max = place_max};
    door->places = calloc(place_max, sizeof(*door->places));
    if (!door->places)
        return -ENOMEM;
    for (size_t i = 0; i < place_max; i++)
        door->places[i] = (struct sj_emb_place){.door = door, .fd = -1};
    pthread_mutex_init(&door->lock, NULL);
    door->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return door->wake_fd < 0 ? sj_rc_errno() : 0;
}

unsigned sj_emb_door_library_limit(const struct sj_emb_door *door)
{
    return (unsigned)door->place_max + LIBRARY_MARGIN;
}

static void wake(struct sj_emb_door *door)
{
    uint64_t one = 1;
    ssize_t written = write(door->wake_fd, &one, sizeof(one));
    (void)written; /* it fails only when the counter is full, and then it is awake */
}

static struct sj_emb_place *find_locked(struct sj_emb_door *door, int fd)
{
    for (size_t i = 0; i < door->place_max; i++) {
        if (door->places[i].fd == fd)
            return &door->places[i];
    }
    return NULL;
}

static void leave_locked(struct sj_emb_place *place)
{
    place->fd = -1;
    place->door->taken_count--;
}

/* A request that has arrived and was not read yet is not idleness. */
static bool has_unread(int fd)
{
    int size = 0;
    return ioctl(fd, FIONREAD, &size) == 0 && size > 0;
}

static void send_off_idlest_locked(struct sj_emb_door *door)
{
    int64_t latest_ns = sj_clock_mono_ns() - IDLE_PLACE_MS * SJ_NS_PER_MS;
    struct sj_emb_place *idlest = NULL;
    for (size_t i = 0; i < door->place_max; i++) {
        struct sj_emb_place *place = &door->places[i];
        if (place->fd < 0 || place->is_busy || place->is_sent_off ||
            place->idle_since_ns > latest_ns || has_unread(place->fd))
            continue;
        if (!idlest || place->idle_since_ns < idlest->idle_since_ns)
            idlest = place;
    }
    if (!idlest)
        return;
    idlest->is_sent_off = true;
    /* The library closes a socket only after it has told us, so this is still the same one. */
    shutdown(idlest->fd, SHUT_RDWR);
}

static bool waits_somebody(const struct sj_emb_door *door)
{
    struct pollfd poll_fd = {.fd = door->listen_fd, .events = POLLIN};
    return poll(&poll_fd, 1, 0) > 0;
}

/* Waits until there is a place. false: stop. */
static bool wait_place(struct sj_emb_door *door)
{
    for (;;) {
        struct pollfd poll_fd = {.fd = door->wake_fd, .events = POLLIN};
        uint64_t count;
        ssize_t got = read(door->wake_fd, &count, sizeof(count));
        (void)got; /* nothing there: nothing happened since the last look */
        pthread_mutex_lock(&door->lock);
        bool is_full = door->taken_count >= door->place_max;
        bool is_stopping = door->is_stopping;
        if (is_full && !is_stopping && waits_somebody(door))
            send_off_idlest_locked(door);
        pthread_mutex_unlock(&door->lock);
        if (is_stopping || !is_full)
            return !is_stopping;
        poll(&poll_fd, 1, FULL_LOOK_MS);
    }
}

/* Waits for a client, or to be woken. */
static bool wait_client(const struct sj_emb_door *door)
{
    struct pollfd poll_fds[] = {{.fd = door->listen_fd, .events = POLLIN},
                                {.fd = door->wake_fd, .events = POLLIN}};
    return poll(poll_fds, 2, -1) > 0 && (poll_fds[0].revents & POLLIN);
}

static void take_place(struct sj_emb_door *door, int fd)
{
    pthread_mutex_lock(&door->lock);
    /* A socket that the library closed without a word (it had no memory) left its number. */
    struct sj_emb_place *place = find_locked(door, fd);
    if (!place) {
        place = find_locked(door, -1);
        door->taken_count++;
    }
    *place = (struct sj_emb_place){.door = door, .fd = fd, .idle_since_ns = sj_clock_mono_ns()};
    pthread_mutex_unlock(&door->lock);
}

static void let_in(struct sj_emb_door *door)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof(address);
    int fd =
        accept4(door->listen_fd, (struct sockaddr *)&address, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            poll(NULL, 0, SHORTAGE_WAIT_MS);
        return;
    }
    take_place(door, fd);
    if (MHD_add_connection(door->daemon, fd, (struct sockaddr *)&address, size) == MHD_YES)
        return;
    pthread_mutex_lock(&door->lock);
    struct sj_emb_place *place = find_locked(door, fd);
    if (place)
        leave_locked(place);
    pthread_mutex_unlock(&door->lock);
}

static void *run(void *cls)
{
    struct sj_emb_door *door = cls;
    while (wait_place(door)) {
        if (wait_client(door))
            let_in(door);
    }
    return NULL;
}

sj_rc sj_emb_door_open(struct sj_emb_door *door, struct MHD_Daemon *daemon)
{
    door->daemon = daemon;
    int code = pthread_create(&door->thread, NULL, run, door);
    door->is_started = code == 0;
    return -code;
}

void sj_emb_door_shut(struct sj_emb_door *door)
{
    if (!door->is_started)
        return;
    pthread_mutex_lock(&door->lock);
    door->is_stopping = true;
    pthread_mutex_unlock(&door->lock);
    wake(door);
    pthread_join(door->thread, NULL);
    door->is_started = false;
}

void sj_emb_door_done(struct sj_emb_door *door)
{
    if (!door->places)
        return;
    if (door->wake_fd >= 0)
        close(door->wake_fd);
    pthread_mutex_destroy(&door->lock);
    free(door->places);
    door->places = NULL;
}

static struct sj_emb_place *place_of(struct MHD_Connection *http)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(http, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

void sj_emb_door_notify(void *cls, struct MHD_Connection *http, void **socket_context,
                        enum MHD_ConnectionNotificationCode code)
{
    struct sj_emb_door *door = cls;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(http, MHD_CONNECTION_INFO_CONNECTION_FD);
    pthread_mutex_lock(&door->lock);
    struct sj_emb_place *place = find_locked(door, info->connect_fd);
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        *socket_context = place;
    else if (place)
        leave_locked(place);
    pthread_mutex_unlock(&door->lock);
    if (code == MHD_CONNECTION_NOTIFY_CLOSED)
        wake(door);
}

static void set_busy(struct MHD_Connection *http, bool is_busy)
{
    struct sj_emb_place *place = place_of(http);
    if (!place)
        return;
    pthread_mutex_lock(&place->door->lock);
    place->is_busy = is_busy;
    place->idle_since_ns = sj_clock_mono_ns();
    pthread_mutex_unlock(&place->door->lock);
}

void sj_emb_door_request_begin(struct MHD_Connection *http)
{
    set_busy(http, true);
}

void sj_emb_door_request_end(struct MHD_Connection *http)
{
    set_busy(http, false);
}
