using System.Diagnostics;

namespace BoxerMpi.Internal;

/// <summary>
/// What tells the messages of a communicator's collectives apart. A call takes one number, the same on every rank because they make their
/// calls in the same order; what it is made of, one after the other, are parts of that number.
/// </summary>
/// <param name="Call">The call's number.</param>
/// <param name="Part">Which part of it, below <see cref="Parts"/>.</param>
internal readonly record struct CollectiveNumber(long Call, int Part)
{
    /// <summary>A call has at most as many parts.</summary>
    public const int Parts = 8;

    private const int CallBits = 28;

    /// <summary>
    /// The tag of its messages. Numbers come again after 2^28 calls: a rank is never as far ahead of another.
    /// </summary>
    public int Tag => (Part << CallBits) | (int)(Call & ((1 << CallBits) - 1));

    /// <summary>A later part of the same call.</summary>
    public CollectiveNumber Next(int parts)
    {
        Debug.Assert(Part + parts < Parts, "a call has no such part");
        return this with { Part = Part + parts };
    }
}
