using System.Net;

namespace BoxerMpi.Control;

/// <summary>What whoever comes to a coordinator says and hears until it is taken: hello, challenge, proof of the token, answer.</summary>
/// <remarks>Makes and takes frames, and neither moves them nor waits. A rejection is a <see cref="RendezvousException"/>.</remarks>
/// <param name="seed">The coordinator as it was given, for messages.</param>
/// <param name="jobId">The job.</param>
/// <param name="token">Its secret.</param>
internal sealed class JoinerHandshake(EndPoint seed, string jobId, byte[] token)
{
    private readonly byte[] _nonce = Proof.Nonce();
    private byte[] _seedNonce = [];

    // What may come next; nothing does before something is asked.
    private ControlKind _expected = ControlKind.Challenge;

    /// <summary>What is said first.</summary>
    public ReadOnlyMemory<byte> Hello() => new HelloMessage(Protocol.Version, _nonce, jobId).Encode();

    /// <summary>The coordinator has answered the hello.</summary>
    public bool IsChallenged => _seedNonce.Length > 0;

    /// <summary>Longest frame that may come now.</summary>
    public int MaximumFrameBytes { get; private set; } = Limits.StrangerFrameBytes;

    /// <exception cref="RendezvousException">The coordinator rejects.</exception>
    /// <exception cref="WireFormatException">It is no challenge.</exception>
    public ChallengeMessage TakeChallenge(ControlKind kind, ReadOnlySpan<byte> payload)
    {
        Expect(kind, payload);
        ChallengeMessage challenge = ChallengeMessage.Decode(payload);
        _seedNonce = challenge.Nonce;
        _expected = ControlKind.None;
        return challenge;
    }

    /// <summary>Seals a request with the proof of the token.</summary>
    public ReadOnlyMemory<byte> Ask(MessageWriter request)
    {
        request.ForProof(out Span<byte> proof, out ReadOnlySpan<byte> body);
        Proof.OfJoiner(token, request.Kind, jobId, _nonce, _seedNonce, body, proof);
        _expected = request.Kind == ControlKind.Relay ? ControlKind.RelayReady : ControlKind.Accepted;
        MaximumFrameBytes = Limits.MemberFrameBytes;
        return request.Finish();
    }

    /// <summary>The coordinator takes what was asked, and proves the token when that was to be taken into the job.</summary>
    /// <returns>What it says of the job; <see langword="null"/> for the end of a relayed link.</returns>
    /// <exception cref="RendezvousException">It rejects, or does not prove the token.</exception>
    /// <exception cref="WireFormatException">Something else came.</exception>
    public AcceptedMessage? TakeAnswer(ControlKind kind, ReadOnlySpan<byte> payload)
    {
        Expect(kind, payload);
        AcceptedMessage? accepted = kind == ControlKind.Accepted ? Check(payload) : null;
        MaximumFrameBytes = Limits.CoordinatorFrameBytes;
        return accepted;
    }

    private void Expect(ControlKind kind, ReadOnlySpan<byte> payload)
    {
        if (kind == ControlKind.Rejected)
            throw ControlHandshake.Rejected(seed, RejectedMessage.Decode(payload));
        if (kind != _expected)
            throw new WireFormatException($"A frame of kind {(byte)kind} came instead of {_expected}.");
    }

    private AcceptedMessage Check(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < Proof.Bytes)
            throw new WireFormatException("The answer ends before its proof.");
        Span<byte> expected = stackalloc byte[Proof.Bytes];
        Proof.OfSeed(token, jobId, _nonce, _seedNonce, payload[Proof.Bytes..], expected);
        if (!Proof.Same(expected, payload[..Proof.Bytes]))
        {
            string name = ControlHandshake.Name(seed);
            throw new RendezvousException(
                RendezvousFailure.BadToken,
                name,
                $"The coordinator at {name} does not prove the token of job '{jobId}'; see whether another program has taken its port.");
        }

        return AcceptedMessage.Decode(payload[Proof.Bytes..]);
    }
}
