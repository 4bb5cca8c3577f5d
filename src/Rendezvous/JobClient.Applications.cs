using System.Net.Sockets;

namespace BoxerMpi.Rendezvous;

internal sealed partial class JobClient
{
    private const int HighestPort = 65_535;

    /// <summary>Lets applications of other ranks connect to a port of this host, through its NAT where there is one.</summary>
    /// <param name="port">What the application listens on; its listener has the option SO_REUSEPORT.</param>
    /// <param name="onHandedOver">
    /// Takes a connection that could only arrive past the listener, and the rank it comes from. Called on the rendezvous' thread and
    /// expected to be short.
    /// </param>
    /// <returns>Completes when requests are taken.</returns>
    public Task OpenPortAsync(int port, Action<int, Socket> onHandedOver)
    {
        ArgumentNullException.ThrowIfNull(onHandedOver);
        CheckPort(port);
        return DoneAsync(() => _links.Applications.Open(port, onHandedOver));
    }

    /// <summary>Refuses connections to a port from now on; those that are there are not touched.</summary>
    public Task ClosePortAsync(int port) => DoneAsync(() => _links.Applications.Close(port));

    /// <summary>Opens the way for a socket of an application to a port of another rank.</summary>
    /// <param name="peer">The other rank.</param>
    /// <param name="port">The port that an application listens on there, and that the rank has opened.</param>
    /// <param name="timeout">For all attempts together.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="LinkException">The port is not open, or there is no way to it.</exception>
    public Task<ApplicationPath> PunchForAsync(int peer, int port, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        if (peer < 0 || peer >= Size || peer == Rank)
            throw new ArgumentOutOfRangeException(nameof(peer), peer, $"Rank {Rank} of {Size} cannot open a way to it.");
        CheckPort(port);
        ApplicationPath path = new(_links.Applications, _members[Rank], _members[peer], port, timeout);
        Task<ApplicationPath> opened = path.Opened;
        Do(path.Start);
        CancelOn(opened, () => path.Cancel(cancellationToken), cancellationToken);
        return opened;
    }

    private Task DoneAsync(Action action)
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Do(() =>
        {
            action();
            done.SetResult();
        });
        return done.Task;
    }

    private static void CheckPort(int port)
    {
        if (port is < 1 or > HighestPort)
            throw new ArgumentOutOfRangeException(nameof(port), port, $"A port is 1 to {HighestPort}.");
    }
}
