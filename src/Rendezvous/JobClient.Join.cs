using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace BoxerMpi.Rendezvous;

internal sealed partial class JobClient
{
    /// <summary>Joins a job and waits until its gate is open.</summary>
    /// <exception cref="RendezvousException">The coordinator is not reached, or rejects; the reason says why and the message what to try.</exception>
    /// <exception cref="JobAbortedException">The job was aborted before it started.</exception>
    public static async Task<JobClient> JoinAsync(JoinOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        Links? links = null;
        ControlChannel? channel = null;
        try
        {
            (channel, AcceptedMessage accepted) = await ControlHandshake.OpenAsync(
                options.Seed,
                options.JobId,
                options.Token,
                options.Timeout,
                options.Time,
                local =>
                {
                    // A second attempt keeps the listener of the first.
                    links ??= new Links(ListenFor(options, local), LinkOptionsOf(options), options.Time);
                    return Request(options, links, local, options.RequestedRank ?? -1, resumed: false);
                },
                cancellationToken).ConfigureAwait(false);
            JobClient client = new(options, links!, channel, accepted, await WaitForGateAsync(options, channel, accepted, cancellationToken).ConfigureAwait(false));
            client.StartReading();
            return client;
        }
        catch (Exception error)
        {
            channel?.Dispose();
            if (links is not null)
                await links.DisposeAsync().ConfigureAwait(false);
            if (error is FormatException or ArgumentException)
                throw new RendezvousException(RendezvousFailure.ProtocolVersion, ControlHandshake.Name(options.Seed), $"The job's topology is not understood: {error.Message}", error);
            throw;
        }
    }

    private static LinkOptions LinkOptionsOf(JoinOptions options) =>
        options.Links.Log is null ? options.Links with { Log = options.Log } : options.Links;

    private static MessageWriter Request(JoinOptions options, Links links, IPEndPoint local, int rank, bool resumed)
    {
        int port = links.ListenEndPoint.Port;
        IPEndPoint[] advertised = [.. options.Advertised.Select(endPoint => endPoint.Port == 0 ? new IPEndPoint(endPoint.Address, port) : endPoint)];
        JoinMessage join = new()
        {
            MemberId = options.MemberId,
            RequestedRank = rank,
            Resumed = resumed,
            ListenPort = (ushort)port,
            Advertised = advertised,
            Local = local,
            Host = Environment.MachineName,
            ProcessId = Environment.ProcessId,
        };
        return join.Encode();
    }

    /// <summary>Listens where the other ranks can come from, and no wider.</summary>
    private static Socket ListenFor(JoinOptions options, IPEndPoint local)
    {
        IPAddress address = options.ListenAddress ?? (IPAddress.IsLoopback(local.Address)
            ? local.Address
            : local.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any);
        for (int i = 0; ; i++)
        {
            try
            {
                return Addresses.Listen(new IPEndPoint(address, options.ListenPort + (options.ListenPort == 0 ? 0 : i)), "links");
            }
            catch (RendezvousException error) when (error.Reason == RendezvousFailure.PortTaken && options.ListenPortCount > 1)
            {
                if (i + 1 < options.ListenPortCount)
                    continue;
                string range = string.Create(CultureInfo.InvariantCulture, $"{options.ListenPort}-{options.ListenPort + i}");
                throw new RendezvousException(
                    RendezvousFailure.PortTaken, error.Coordinator, $"All ports {range} on {address}, wanted for links, are taken; choose a wider range.", error);
            }
        }
    }

    private static async Task<MemberInfo[]> WaitForGateAsync(JoinOptions options, ControlChannel channel, AcceptedMessage accepted, CancellationToken cancellationToken)
    {
        using ITimer heartbeat = ControlHandshake.StartHeartbeat(options.Time, accepted, () => channel);
        try
        {
            while (true)
            {
                ControlFrame frame = await channel.ReadAsync(cancellationToken).ConfigureAwait(false);
                switch (frame.Kind)
                {
                    case ControlKind.Heartbeat or ControlKind.MemberLost:
                        break;
                    case ControlKind.Start:
                        return StartMessage.Decode(frame.Payload.Span, accepted.Size);
                    case ControlKind.Rejected:
                        throw ControlHandshake.Rejected(options.Seed, RejectedMessage.Decode(frame.Payload.Span));
                    case ControlKind.Abort:
                        throw ShortMessages.DecodeAbort(frame.Payload.Span).ToException();
                    case ControlKind.None:
                        throw new EndOfStreamException("it closed the connection");
                    default:
                        throw new WireFormatException($"A frame of kind {(byte)frame.Kind} came before the start.");
                }
            }
        }
        catch (Exception error) when (error is SocketException or EndOfStreamException or WireFormatException or ObjectDisposedException)
        {
            throw new RendezvousException(
                RendezvousFailure.ConnectionLost,
                ControlHandshake.Name(options.Seed),
                $"The coordinator at {ControlHandshake.Name(options.Seed)} was lost while job '{options.JobId}' waited for its other ranks: {channel.CloseReason ?? error.Message}. " +
                "See whether it still runs, and start the job again.",
                error);
        }
    }
}
