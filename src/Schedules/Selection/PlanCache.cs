using System.Diagnostics.CodeAnalysis;

namespace BoxerMpi.Schedules;

/// <summary>
/// The plans of a communicator's latest calls: the oldest leave when there are too many, or their steps take too much memory.
/// </summary>
internal sealed class PlanCache
{
    private const int LargestCount = 256;
    private const int LargestSteps = 400_000;

    private readonly Dictionary<PlanKey, Plan> _plans = [];
    private readonly Queue<PlanKey> _oldest = [];
    private int _steps;
    private PlanKey _lastKey;
    private Plan? _last;

    public int Count => _plans.Count;

    public bool TryGet(in PlanKey key, [NotNullWhen(true)] out Plan? plan)
    {
        // Most programs repeat the call they just made.
        if (_last is not null && _lastKey == key)
        {
            plan = _last;
            return true;
        }

        if (!_plans.TryGetValue(key, out plan))
            return false;
        (_lastKey, _last) = (key, plan);
        return true;
    }

    public void Add(in PlanKey key, Plan plan)
    {
        if (!_plans.TryAdd(key, plan))
            return;
        _oldest.Enqueue(key);
        _steps += StepsOf(plan);
        while (_plans.Count > LargestCount || (_steps > LargestSteps && _plans.Count > 1))
        {
            PlanKey leaving = _oldest.Dequeue();
            _plans.Remove(leaving, out Plan? left);
            _steps -= StepsOf(left!);
        }

        (_lastKey, _last) = (key, plan);
    }

    private static int StepsOf(Plan plan) => (plan.Schedule?.Steps.Length ?? 0) + (plan.Counts?.Steps.Length ?? 0);
}
