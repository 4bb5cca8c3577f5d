using System.Net;

namespace BoxerMpi.Control;

/// <summary>What a coordinator hears and says until it has taken whoever comes: the other end of <see cref="JoinerHandshake"/>.</summary>
/// <param name="hello">Of this version of the protocol.</param>
internal sealed class SeedHandshake(HelloMessage hello)
{
    private readonly byte[] _nonce = Proof.Nonce();

    /// <summary>The job that the joiner names.</summary>
    public string JobId => hello.JobId;

    /// <summary>What a request says behind its proof.</summary>
    public static ReadOnlySpan<byte> Body(in ControlFrame request) => request.Payload.Span[Proof.Bytes..];

    /// <summary>Answers the hello.</summary>
    public ReadOnlyMemory<byte> Challenge(IPEndPoint observed, IReadOnlyList<IPEndPoint> reflectors) =>
        new ChallengeMessage(_nonce, observed, reflectors).Encode();

    /// <summary>Whether a request comes from somebody who knows the job's token.</summary>
    /// <exception cref="WireFormatException">It has no proof.</exception>
    public bool IsProven(in ControlFrame request, ReadOnlySpan<byte> token)
    {
        if (request.Payload.Length < Proof.Bytes)
            throw new WireFormatException("A message ends before its proof.");
        Span<byte> expected = stackalloc byte[Proof.Bytes];
        Proof.OfJoiner(token, request.Kind, hello.JobId, hello.Nonce, _nonce, Body(request), expected);
        return Proof.Same(expected, request.Payload.Span[..Proof.Bytes]);
    }

    /// <summary>Takes who has proven the token, with this side's proof.</summary>
    public ReadOnlyMemory<byte> Accept(AcceptedMessage accepted, ReadOnlySpan<byte> token)
    {
        MessageWriter writer = accepted.Encode();
        writer.ForProof(out Span<byte> proof, out ReadOnlySpan<byte> body);
        Proof.OfSeed(token, hello.JobId, hello.Nonce, _nonce, body, proof);
        return writer.Finish();
    }
}
