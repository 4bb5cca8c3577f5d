using System.Net;
using System.Net.Sockets;

namespace BoxerMpi.Rendezvous;

/// <summary>Opens a control connection to a coordinator: connect, prove the token both ways, be taken or rejected.</summary>
internal static class ControlHandshake
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    /// <summary>Tries until the coordinator answers or the time is over; a rejection is final.</summary>
    /// <remarks><paramref name="makeRequest"/> makes what is sent behind the proof, knowing this end's address.</remarks>
    /// <exception cref="RendezvousException">It was not reached, or it rejects.</exception>
    public static async Task<(ControlChannel Channel, AcceptedMessage Accepted)> OpenAsync(
        EndPoint seed, string jobId, byte[] token, TimeSpan timeout, TimeProvider time, Func<IPEndPoint, MessageWriter> makeRequest, CancellationToken cancellationToken)
    {
        long start = time.GetTimestamp();
        using CancellationTokenSource deadline = new(timeout, time);
        using CancellationTokenSource linked = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        TimeSpan pause = FirstPause;
        Exception? last = null;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await AttemptAsync(seed, jobId, token, time, makeRequest, linked.Token).ConfigureAwait(false);
            }
            catch (WireFormatException error)
            {
                throw NoCoordinator(seed, error.Message, error);
            }
            catch (SocketException error) when (error.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData)
            {
                throw UnknownHost(seed, error);
            }
            catch (Exception error) when (error is SocketException or EndOfStreamException)
            {
                last = error;
            }
            catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                throw Unreachable(seed, attempt, time.GetElapsedTime(start), last);
            }

            try
            {
                await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), time, linked.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw Unreachable(seed, attempt, time.GetElapsedTime(start), last);
            }

            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    /// <summary>Says that this end is there when nothing else does, and gives up a coordinator that does not.</summary>
    public static ITimer StartHeartbeat(TimeProvider time, AcceptedMessage accepted, Func<ControlChannel> current)
    {
        TimeSpan period = accepted.HeartbeatInterval / 2 < accepted.HeartbeatTimeout / 4 ? accepted.HeartbeatInterval / 2 : accepted.HeartbeatTimeout / 4;
        return time.CreateTimer(
            _ =>
            {
                ControlChannel channel = current();
                long now = time.GetTimestamp();
                if (time.GetElapsedTime(channel.LastReceived, now) >= accepted.HeartbeatTimeout)
                    channel.Close($"it was silent for {accepted.HeartbeatTimeout.TotalSeconds:0.#} s");
                else if (time.GetElapsedTime(channel.LastSent, now) >= accepted.HeartbeatInterval)
                    channel.Post(ShortMessages.Heartbeat);
            },
            null,
            period,
            period);
    }

    public static string Name(EndPoint seed) => seed is DnsEndPoint dns ? $"{dns.Host}:{dns.Port}" : $"{seed}";

    public static RendezvousException Rejected(EndPoint seed, RejectedMessage rejected) => new(rejected.Reason, Name(seed), rejected.Text);

    /// <summary>What answers is no coordinator.</summary>
    public static RendezvousException NoCoordinator(EndPoint seed, string reason, Exception? cause = null) =>
        new(
            RendezvousFailure.ProtocolVersion,
            Name(seed),
            $"{Name(seed)} does not answer as a coordinator does: {reason.TrimEnd('.')}. Compare the address with the coordinator's.",
            cause);

    public static RendezvousException UnknownHost(EndPoint seed, Exception cause) =>
        new(RendezvousFailure.Unreachable, Name(seed), $"The coordinator's host name in {Name(seed)} is not known; see whether it is spelt right.", cause);

    /// <summary>Nobody answered in time.</summary>
    public static RendezvousException Unreachable(EndPoint seed, int attempts, TimeSpan elapsed, Exception? last) =>
        new(
            RendezvousFailure.Unreachable,
            Name(seed),
            $"No coordinator answered at {Name(seed)} in {elapsed.TotalSeconds:F1} s and {attempts} attempt{(attempts > 1 ? "s" : "")}" +
            $" ({last?.Message ?? "it does not answer"}); see whether it runs and whether a firewall lets this host reach it.",
            last)
        {
            Elapsed = elapsed,
            IsTransient = true,
        };

    private static async Task<(ControlChannel Channel, AcceptedMessage Accepted)> AttemptAsync(
        EndPoint seed, string jobId, byte[] token, TimeProvider time, Func<IPEndPoint, MessageWriter> makeRequest, CancellationToken cancellationToken)
    {
        Socket socket = await ConnectAsync(seed, cancellationToken).ConfigureAwait(false);
        ControlChannel? channel = null;
        try
        {
            IPEndPoint local = Addresses.Normalise((IPEndPoint)socket.LocalEndPoint!);
            channel = new ControlChannel(socket, time, queueLimit: 1024);
            HelloMessage hello = new(Protocol.Version, Proof.Nonce(), jobId);
            channel.Post(hello.Encode());
            ControlFrame challenge = await ReadAsync(channel, seed, ControlKind.Challenge, cancellationToken).ConfigureAwait(false);
            byte[] seedNonce = ChallengeMessage.Decode(challenge.Payload.Span).Nonce;
            channel.Post(Prove(makeRequest(local), token, hello, seedNonce));
            channel.MaximumFrameBytes = Limits.MemberFrameBytes;
            ControlFrame accepted = await ReadAsync(channel, seed, ControlKind.Accepted, cancellationToken).ConfigureAwait(false);
            AcceptedMessage job = Check(accepted.Payload.Span, seed, token, hello, seedNonce);
            channel.MaximumFrameBytes = Limits.CoordinatorFrameBytes;
            return (channel, job);
        }
        catch
        {
            channel?.Dispose();
            socket.Dispose();
            throw;
        }
    }

    private static async Task<Socket> ConnectAsync(EndPoint seed, CancellationToken cancellationToken)
    {
        if (seed is not DnsEndPoint dns)
        {
            Socket socket = new(seed.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(seed, cancellationToken).ConfigureAwait(false);
                return socket;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        SocketException? last = null;
        foreach (IPAddress address in await Dns.GetHostAddressesAsync(dns.Host, cancellationToken).ConfigureAwait(false))
        {
            try
            {
                return await ConnectAsync(new IPEndPoint(address, dns.Port), cancellationToken).ConfigureAwait(false);
            }
            catch (SocketException error)
            {
                last = error;
            }
        }

        throw last ?? new SocketException((int)SocketError.NoData);
    }

    private static async Task<ControlFrame> ReadAsync(ControlChannel channel, EndPoint seed, ControlKind expected, CancellationToken cancellationToken)
    {
        ControlFrame frame = await channel.ReadAsync(cancellationToken).ConfigureAwait(false);
        if (frame.Kind == expected)
            return frame;
        throw frame.Kind switch
        {
            ControlKind.Rejected => Rejected(seed, RejectedMessage.Decode(frame.Payload.Span)),
            ControlKind.None => new EndOfStreamException("it closed the connection"),
            _ => new WireFormatException($"A frame of kind {(byte)frame.Kind} came instead of {expected}."),
        };
    }

    /// <summary>Seals a request with the proof of the token.</summary>
    public static ReadOnlyMemory<byte> Prove(MessageWriter request, byte[] token, HelloMessage hello, byte[] seedNonce)
    {
        request.ForProof(out Span<byte> proof, out ReadOnlySpan<byte> body);
        Proof.OfJoiner(token, request.Kind, hello.JobId, hello.Nonce, seedNonce, body, proof);
        return request.Finish();
    }

    /// <summary>Reads the answer to a join, after its proof.</summary>
    /// <exception cref="RendezvousException">The token is not proven.</exception>
    public static AcceptedMessage Check(ReadOnlySpan<byte> payload, EndPoint seed, byte[] token, HelloMessage hello, byte[] seedNonce)
    {
        if (payload.Length < Proof.Bytes)
            throw new WireFormatException("The answer ends before its proof.");
        Span<byte> expected = stackalloc byte[Proof.Bytes];
        Proof.OfSeed(token, hello.JobId, hello.Nonce, seedNonce, payload[Proof.Bytes..], expected);
        if (!Proof.Same(expected, payload[..Proof.Bytes]))
        {
            throw new RendezvousException(
                RendezvousFailure.BadToken,
                Name(seed),
                $"The coordinator at {Name(seed)} does not prove the token of job '{hello.JobId}'; see whether another program has taken its port.");
        }

        return AcceptedMessage.Decode(payload[Proof.Bytes..]);
    }
}
