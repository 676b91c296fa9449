export declare const programs: Record<string, string>
export declare function stampOf(file: string): string | undefined
export declare function isBuilt(name: string): boolean
export declare function mainOf(name: string): Promise<string>
