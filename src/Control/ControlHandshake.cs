using System.Net;
using System.Net.Sockets;
using BoxerMpi.Transport;

namespace BoxerMpi.Control;

/// <summary>Opens a control connection to a coordinator: connect, prove the token both ways, be taken or rejected.</summary>
internal static class ControlHandshake
{
    /// <summary>Tries until the coordinator answers or the time is over; a rejection is final.</summary>
    /// <param name="target">Which one.</param>
    /// <param name="makeRequest">Makes what is sent behind the proof, knowing this end's address.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="RendezvousException">It was not reached, or it rejects.</exception>
    public static async Task<(ControlChannel Channel, AcceptedMessage Accepted)> OpenAsync(
        SeedTarget target, Func<IPEndPoint, MessageWriter> makeRequest, CancellationToken cancellationToken)
    {
        long start = target.Time.GetTimestamp();
        using CancellationTokenSource deadline = new(target.Timeout, target.Time);
        using CancellationTokenSource linked = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        SeedRace race = new(target);
        try
        {
            for (Backoff pause = new(); ;)
            {
                try
                {
                    SeedGreeting greeting = await race.RunAsync(linked.Token).ConfigureAwait(false);
                    return (greeting.Channel, await AskAsync(greeting, makeRequest, linked.Token).ConfigureAwait(false));
                }
                catch (SocketException error) when (SeedTarget.IsUnknownName(error))
                {
                    throw UnknownHost(target.Seed, error);
                }
                catch (WireFormatException error)
                {
                    throw NoCoordinator(target.Seed, error.Message, error);
                }
                catch (Exception error) when (error is SocketException or EndOfStreamException)
                {
                    // It answered and was gone, or the name cannot be looked up now.
                }

                await Task.Delay(pause.Next(), target.Time, linked.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw Unreachable(target.Seed, race.Tries, target.Time.GetElapsedTime(start));
        }
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
    public static RendezvousException Unreachable(EndPoint seed, IReadOnlyList<SeedTry> tries, TimeSpan elapsed)
    {
        int attempts = tries.Sum(one => one.Attempts);
        string tried = $"{elapsed.TotalSeconds:F1} s and {attempts} attempt{(attempts == 1 ? "" : "s")}";
        if (tries.FirstOrDefault(one => one.IsShortage) is { Last: var shortage })
            return OutOfDescriptors(seed, $"was not reached in {tried}", shortage, elapsed);
        string problem = tries.Count == 0 ? "its name could not be looked up"
            : seed is IPEndPoint ? tries[0].Last?.Message ?? "it does not answer"
            : string.Join("; ", tries);
        return new RendezvousException(
            RendezvousFailure.Unreachable,
            Name(seed),
            $"No coordinator answered at {Name(seed)} in {tried} ({problem}); " +
            "see whether it runs and whether a firewall lets this host reach it.",
            tries.FirstOrDefault(one => one.Last is not null)?.Last)
        {
            Elapsed = elapsed,
            IsTransient = true,
        };
    }

    /// <summary>This process had no descriptor for what it takes, all the time.</summary>
    public static RendezvousException OutOfDescriptors(EndPoint seed, string what, Exception? cause, TimeSpan elapsed) => new(
        RendezvousFailure.OutOfDescriptors, Name(seed), $"The coordinator at {Name(seed)} {what}: {DescriptorLimit.Shortage}.", cause)
    {
        Elapsed = elapsed,
        IsTransient = true,
    };

    /// <exception cref="EndOfStreamException">It has closed the connection.</exception>
    public static async Task<ControlFrame> ReadAsync(ControlChannel channel, CancellationToken cancellationToken)
    {
        ControlFrame frame = await channel.ReadAsync(cancellationToken).ConfigureAwait(false);
        return frame.Kind != ControlKind.None ? frame : throw new EndOfStreamException("it closed the connection");
    }

    private static async Task<AcceptedMessage> AskAsync(
        SeedGreeting greeting, Func<IPEndPoint, MessageWriter> makeRequest, CancellationToken cancellationToken)
    {
        (ControlChannel channel, JoinerHandshake handshake) = greeting;
        try
        {
            channel.Post(handshake.Ask(makeRequest(channel.Local)));
            channel.MaximumFrameBytes = handshake.MaximumFrameBytes;
            ControlFrame answer = await ReadAsync(channel, cancellationToken).ConfigureAwait(false);
            AcceptedMessage accepted = handshake.TakeAnswer(answer.Kind, answer.Payload.Span)!;
            channel.MaximumFrameBytes = handshake.MaximumFrameBytes;
            return accepted;
        }
        catch
        {
            channel.Dispose();
            throw;
        }
    }
}
