using System.Collections.Concurrent;
using BoxerMpi.LambdaService.Http;

namespace BoxerMpi.LambdaService.Functions;

/// <summary>The service's functions by name, and their code below one folder.</summary>
internal sealed class FunctionStore(LambdaServiceOptions options, string folder)
{
    private readonly ConcurrentDictionary<string, LambdaFunction> _functions = new(StringComparer.Ordinal);
    private int _packages;

    public IReadOnlyList<LambdaFunction> All => [.. _functions.Values.OrderBy(function => function.Name, StringComparer.Ordinal)];

    /// <exception cref="ApiException">There is none of that name.</exception>
    public LambdaFunction Get(FunctionId id) =>
        _functions.TryGetValue(id.Name, out LambdaFunction? function) && id.Qualifier is null or FunctionId.Latest
        ? function
        : throw ApiException.NotFound(id.Arn);

    public CodePackage Unpack(byte[] zip, CancellationToken cancellationToken) =>
        CodePackage.Unpack(zip, Path.Combine(folder, "code", $"{Interlocked.Increment(ref _packages)}"), cancellationToken);

    /// <exception cref="ApiException">The name is taken.</exception>
    public LambdaFunction Add(FunctionId id, FunctionSettings settings, byte[] zip, CancellationToken cancellationToken)
    {
        if (_functions.ContainsKey(id.Name))
            throw Taken(id);
        CodePackage code = Unpack(zip, cancellationToken);
        LambdaFunction function = new(new FunctionRevision(id.UnqualifiedArn, id.Name, settings, code), options.Time.GetUtcNow());
        if (_functions.TryAdd(id.Name, function))
            return function;
        code.Delete();
        throw Taken(id);
    }

    /// <exception cref="ApiException">There is none of that name.</exception>
    public LambdaFunction Remove(FunctionId id)
    {
        if (!_functions.TryRemove(Get(id).Name, out LambdaFunction? function))
            throw ApiException.NotFound(id.Arn);
        function.Remove();
        return function;
    }

    private static ApiException Taken(FunctionId id) => ApiException.Conflict($"Function already exist: {id.Name}");
}
