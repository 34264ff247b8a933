/**
 * Why a value of a sample has no series on the page, or no figure is made from it. Blank values and NaN are
 * no values, and are not counted.
 */
export type LeftOutOfPage =
  | 'reserved_name'
  | 'invalid_name'
  | 'invalid_label'
  | 'composite'
  | 'total'
  | 'alike'
  | 'job_limit'
  | 'project_limit'
  | 'out_of_range';

export type Count = (cause: LeftOutOfPage, by?: number) => void;
