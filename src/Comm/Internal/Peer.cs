using BoxerMpi.Transport;
using BoxerMpi.Wire;

namespace BoxerMpi.Internal;

/// <summary>What this rank knows of another one. Used under the engine's gate.</summary>
internal sealed class Peer(int rank)
{
    public int Rank { get; } = rank;

    /// <summary>The link to it, or to the next rank on the way; null while there is none.</summary>
    public Link? Link { get; set; }

    /// <summary>The link ends at another rank, which passes frames on.</summary>
    public bool IsRelayed => Link is not null && Link.Peer != Rank;

    /// <summary>Bytes that may still be sent without being asked for.</summary>
    public long Credit { get; set; } = WireLimits.CreditWindowBytes;

    /// <summary>Credit to give back with the next frame to it.</summary>
    public long CreditOwed { get; set; }

    /// <summary>Bytes it has sent unasked and has not been given credit back for.</summary>
    public long Charged { get; set; }

    /// <summary>Why nothing more can be exchanged with it.</summary>
    public PeerFailedException? Failure { get; set; }

    /// <summary>It said goodbye: its silence is no failure.</summary>
    public bool HasLeft { get; set; }

    /// <summary>A link is being set up.</summary>
    public bool IsLinkWanted { get; set; }

    /// <summary>Sends that wait for a link that is being set up, or for the peer to take announced messages; null when none does.</summary>
    public WaitingSends? Waiting { get; set; }

    /// <summary>Messages announced to it that it has not answered.</summary>
    public int Announced { get; set; }

    /// <summary>Messages that it has announced and that have not been asked for.</summary>
    public int Remembered { get; set; }

    /// <summary>How often it was asked to announce more than it may by itself.</summary>
    public long TimesAsked { get; set; }

    /// <summary>The credit that the next frame to it carries.</summary>
    public uint TakeCreditOwed()
    {
        uint credit = (uint)CreditOwed;
        Charged -= CreditOwed;
        CreditOwed = 0;
        return credit;
    }
}
