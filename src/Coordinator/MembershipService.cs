using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using BoxerMpi.Control;
using BoxerMpi.Transport;

namespace BoxerMpi.Coordinator;

/// <summary>The local membership service: any program on this host connects and reads newline-delimited JSON events.</summary>
/// <remarks>
/// A coordinator tells of all its jobs, a rank of its own. Each follower gets the present state first. One that does not read
/// is dropped, with a last line that says so; nobody waits for it.
/// </remarks>
internal sealed class MembershipService : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly Func<Func<MembershipEvent, ValueTask>, CancellationToken, Task<string?>> _follow;
    private readonly Action<string>? _log;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _accepting;
    private bool _isDisposed;

    // Protects _followers.
    private readonly Lock _gate = new();
    private readonly HashSet<Task> _followers = [];

    private MembershipService(EndPoint endPoint, Func<Func<MembershipEvent, ValueTask>, CancellationToken, Task<string?>> follow, Action<string>? log, TimeProvider time)
    {
        _follow = follow;
        _log = log;
        _time = time;
        _listener = Listen(endPoint);
        EndPoint = _listener.LocalEndPoint!;
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens, with the real port.</summary>
    public EndPoint EndPoint { get; }

    /// <summary>How long a follower may take to read a line before it is dropped. Default 10 s.</summary>
    public TimeSpan SendTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Offers the membership of all jobs of a coordinator.</summary>
    /// <exception cref="RendezvousException">The path or port is taken.</exception>
    public static MembershipService Start(EndPoint endPoint, Seed seed)
    {
        ArgumentNullException.ThrowIfNull(seed);
        return new MembershipService(endPoint, (tell, stop) => FollowSeedAsync(seed, tell, stop), seed.Options.Log, seed.Options.Time);
    }

    /// <summary>Offers the membership of a rank's own job, as its coordinator tells it.</summary>
    /// <exception cref="RendezvousException">The path or port is taken.</exception>
    public static MembershipService Start(EndPoint endPoint, SeedTarget job, Action<string>? log = null)
    {
        ArgumentNullException.ThrowIfNull(job);
        return new MembershipService(endPoint, (tell, stop) => FollowJobAsync(job, tell, stop), log, job.Time);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, true))
            return;
        await _stopping.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        if (EndPoint is UnixDomainSocketEndPoint)
            File.Delete(EndPoint.ToString()!);
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Task[] followers;
        lock (_gate)
            followers = [.. _followers];
        await Task.WhenAll(followers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    /// <returns>Why the follower is dropped, or <see langword="null"/>.</returns>
    private static async Task<string?> FollowSeedAsync(Seed seed, Func<MembershipEvent, ValueTask> tell, CancellationToken stop)
    {
        Subscription events = seed.Subscribe();
        try
        {
            while (await events.Reader.WaitToReadAsync(stop).ConfigureAwait(false))
            {
                while (events.DroppedReason is null && events.Reader.TryRead(out MembershipEvent? happened))
                    await tell(happened).ConfigureAwait(false);
                if (events.DroppedReason is not null)
                    break;
            }

            return events.DroppedReason;
        }
        finally
        {
            seed.Unsubscribe(events);
        }
    }

    private static async Task<string?> FollowJobAsync(SeedTarget job, Func<MembershipEvent, ValueTask> tell, CancellationToken stop)
    {
        try
        {
            await foreach (MembershipEvent happened in MembershipFollower.FollowAsync(job, stop).ConfigureAwait(false))
                await tell(happened).ConfigureAwait(false);
            return null;
        }
        catch (RendezvousException error)
        {
            return error.Message;
        }
    }

    private static Socket Listen(EndPoint endPoint)
    {
        if (endPoint is IPEndPoint ip)
        {
            return IPAddress.IsLoopback(ip.Address)
                ? Addresses.Listen(ip, "the membership service")
                : throw new ArgumentException($"The membership service is for programs on this host; {ip.Address} is no loopback address.", nameof(endPoint));
        }

        if (endPoint is not UnixDomainSocketEndPoint)
            throw new ArgumentException($"The membership service listens on a path or a loopback port, not on {endPoint}.", nameof(endPoint));
        string path = endPoint.ToString()!;
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        bool isBound = false;
        try
        {
            if (PrivateFiles.IsSocket(path) && IsAbandoned(endPoint))
                File.Delete(path);

            // Linux makes the path with the socket's mode. Elsewhere it is changed before anybody can connect.
            if (OperatingSystem.IsLinux())
                PrivateFiles.Restrict(socket);
            socket.Bind(endPoint);
            isBound = true;
            if (!OperatingSystem.IsLinux())
                PrivateFiles.Restrict(path);
            socket.Listen(64);
            return socket;
        }
        catch (Exception error) when (error is SocketException or IOException or UnauthorizedAccessException)
        {
            socket.Dispose();
            if (isBound)
                File.Delete(path);
            throw new RendezvousException(
                RendezvousFailure.PortTaken, path, $"The membership service cannot listen at {path}: {error.Message}; choose a path that is free and may be written.", error);
        }
    }

    /// <summary>A path stays behind when its process is killed: then nobody answers. Nobody does at a file of another kind either.</summary>
    private static bool IsAbandoned(EndPoint endPoint)
    {
        using Socket probe = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(endPoint);
            return false;
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return true;
        }
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                Socket socket = await _listener.AcceptAsync(_stopping.Token).ConfigureAwait(false);
                if (DescriptorLimit.IsNear((int)socket.Handle))
                {
                    _log?.Invoke("The membership service closed a follower: the process has few file descriptors left.");
                    socket.Dispose();
                    continue;
                }

                Task serving = ServeAsync(socket);
                lock (_gate)
                    _followers.Add(serving);
                _ = ForgetAsync(serving);
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException error)
            {
                _log?.Invoke($"The membership service could not accept a follower: {error.Message}");
                await Task.Delay(TimeSpan.FromMilliseconds(20), _time, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private async Task ForgetAsync(Task serving)
    {
        await serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_gate)
            _followers.Remove(serving);
    }

    private async Task ServeAsync(Socket socket)
    {
        using Socket closing = socket;
        using CancellationTokenSource gone = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        Task watching = WatchAsync(socket, gone);
        try
        {
            string? dropped = await _follow(happened => SendAsync(socket, MembershipLine.Of(happened), gone.Token), gone.Token).ConfigureAwait(false);
            if (dropped is not null)
                await SendAsync(socket, new MembershipLine { Event = "dropped", Reason = dropped }, gone.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!gone.IsCancellationRequested)
        {
            _log?.Invoke($"A follower of the membership service was dropped: it did not read for {SendTimeout.TotalSeconds:0.#} s.");
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException)
        {
            // The follower has gone, or the service ends.
        }
        finally
        {
            await gone.CancelAsync().ConfigureAwait(false);
            await watching.ConfigureAwait(false);
        }
    }

    /// <summary>Followers say nothing: what comes is thrown away, and one that only closes its sending side goes on reading.</summary>
    private static async Task WatchAsync(Socket socket, CancellationTokenSource gone)
    {
        byte[] buffer = new byte[64];
        try
        {
            while (await socket.ReceiveAsync(buffer, gone.Token).ConfigureAwait(false) > 0)
            {
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await gone.CancelAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask SendAsync(Socket socket, MembershipLine line, CancellationToken cancellationToken)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(line, MembershipJson.Default.MembershipLine);
        byte[] bytes = new byte[json.Length + 1];
        json.CopyTo(bytes, 0);
        bytes[^1] = (byte)'\n';
        using CancellationTokenSource deadline = new(SendTimeout, _time);
        using CancellationTokenSource linked = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        for (int sent = 0; sent < bytes.Length;)
            sent += await socket.SendAsync(bytes.AsMemory(sent), linked.Token).ConfigureAwait(false);
    }
}
